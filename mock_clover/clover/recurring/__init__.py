"""Plans, subscriptions and the notices about them."""
