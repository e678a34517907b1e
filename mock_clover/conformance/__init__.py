"""Compare servers with the golden flows."""
