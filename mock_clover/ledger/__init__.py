"""The double-entry ledger: what each payment moved, what its client was told, and what stands."""
