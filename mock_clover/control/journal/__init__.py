"""The journal: its exchanges, waits and verifications."""
