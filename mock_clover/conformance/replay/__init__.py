"""Repeat the run in a capsule, and compare its responses."""
