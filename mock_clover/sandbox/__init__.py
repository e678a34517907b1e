"""One isolated world: its tables, clock, ids, rules, journal. Nothing here does I/O."""
