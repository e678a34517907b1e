"""The memory of a server under load that nobody should send: `make soak`."""
