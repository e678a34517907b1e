"""The benchmark: ratios measured in alternating rounds, to cancel out machine noise."""
