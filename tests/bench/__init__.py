"""The benchmark: ratios paired by round, so that they outlive the machine's moods."""
