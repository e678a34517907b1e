"""Behaviours of webhooks, with their evidence."""

from mock_clover.core.evidence import Behaviour, documented, inferred

EVENTS_OF_A_PAYMENT = Behaviour(
    "EVENTS_OF_A_PAYMENT",
    "A request triggers webhook events: P and O for payments, C for customers. Each delivery "
    "contains one event.",
    inferred("kinds and types are documented, but not their causes"),
)
WEBHOOK_AUTH = Behaviour(
    "WEBHOOK_AUTH",
    "Platform events carry the X-Clover-Auth header. A target must first confirm the verification "
    "code sent to it.",
    documented("DOCS: webhooks"),
)
WEBHOOK_SIGNATURE = Behaviour(
    "WEBHOOK_SIGNATURE",
    "The signature of a hosted checkout event covers its time and raw body.",
    documented("DOCS: hosted checkout webhooks; mbates/clover verifies it this way"),
)
WEBHOOK_RETRIES = Behaviour(
    "WEBHOOK_RETRIES",
    "A failed delivery is retried five times within fifteen hours.",
    inferred("no schedule was found; a target can have its own"),
)
