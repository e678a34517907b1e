"""HTTPS: the local certificate authority, and the TLS layer of a connection."""
