"""The double-entry ledger: what payments moved, what clients know, and what is outstanding."""
