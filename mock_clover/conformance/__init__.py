"""Compare servers with the golden flows (recorded requests and responses)."""
