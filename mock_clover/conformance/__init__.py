"""Compare servers with the golden flows, and export the flows to other tools."""
