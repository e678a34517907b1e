"""The sandboxes of a server."""
