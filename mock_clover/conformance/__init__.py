"""Hold any server against the golden flows, and hand the flows to other tools."""
