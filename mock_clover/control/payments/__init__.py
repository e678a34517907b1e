"""Payments: all that happened to one, from its token to its webhooks."""
