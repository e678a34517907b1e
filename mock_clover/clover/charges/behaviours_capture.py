"""Behaviours of captures and releases of authorizations."""

from mock_clover.core.evidence import Behaviour, documented, inferred

CAPTURE_WITHIN_AUTHORIZATION = Behaviour(
    "CAPTURE_WITHIN_AUTHORIZATION",
    "An authorization can be captured for at most the authorized amount.",
    inferred("Clover's hotel and car examples state no limit"),
    setting="over_capture_percent",
)
SPLIT_SHIPMENT = Behaviour(
    "SPLIT_SHIPMENT",
    "Captures with `split_shipment` follow each other up to the authorized amount; a PUT of the "
    "charge releases the rest.",
    documented("DOCS:capture-charge-for-split-shipment"),
)
SPLIT_TOTALS_ARE_CUMULATIVE = Behaviour(
    "SPLIT_TOTALS_ARE_CUMULATIVE",
    "Later responses have the authorized amount, and the sum of all captures in amount_captured.",
    inferred("the page on split shipment shows only the responses to captures"),
)
PARTIAL_CAPTURE_RETURNS_ITS_AMOUNT = Behaviour(
    "PARTIAL_CAPTURE_RETURNS_ITS_AMOUNT",
    "The response to a plain capture of a part has the captured amount in `amount`.",
    inferred("the page on split shipment shows it for the first shipment"),
)
PLAIN_CAPTURE_IS_FINAL = Behaviour(
    "PLAIN_CAPTURE_IS_FINAL",
    "After a capture of a part, only captures with `split_shipment` can follow, and only if the "
    "first one had it too.",
    inferred("GP CloverCharge has the error for a second capture, but not the first amount"),
)
RELEASE_OF_ANY_PART = Behaviour(
    "RELEASE_OF_ANY_PART",
    "A PUT of a charge releases any part of the rest, also before the first capture.",
    inferred("the sample of the page on split shipment releases the whole rest"),
)
SPLIT_REST_EXPIRES = Behaviour(
    "SPLIT_REST_EXPIRES",
    "What is left after the shipments can be captured until the authorization expires.",
    inferred("no source says how long a split shipment may take"),
)
