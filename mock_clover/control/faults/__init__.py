"""Faults, and outcomes that are set for the next payments."""
