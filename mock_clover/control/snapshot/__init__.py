"""Snapshots: the complete state of a sandbox."""
