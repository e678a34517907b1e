"""The scenario of a sandbox, and the built-in scenarios."""
