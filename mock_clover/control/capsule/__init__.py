"""Capsules: what a sandbox started from and all that happened since, in one masked file."""
