"""Webhooks: events, targets and deliveries."""
