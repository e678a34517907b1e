"""One isolated sandbox: its tables, clock, ids, rules and journal."""
