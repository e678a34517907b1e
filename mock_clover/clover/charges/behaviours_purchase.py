"""Behaviours of surcharges, soft descriptors, purchase card data, voids, tenders and `expand`."""

from mock_clover.core.evidence import Behaviour, documented, inferred

SURCHARGE_IS_SEPARATE = Behaviour(
    "SURCHARGE_IS_SEPARATE",
    "Card payments get a surcharge, separate from all amounts; by default there is none.",
    inferred(
        "the payments of DOCS:working-with-transaction-data; additional_charges has no sample"
    ),
    setting="surcharge_rate",
)
PURCHASE_DATA_ACCEPTED = Behaviour(
    "PURCHASE_DATA_ACCEPTED",
    "Level 2 and 3 data is accepted; without purchase card support, the response has a warning.",
    documented("MD:understanding-level-2-data; REF postordersidpay has the warning in its samples"),
    setting="purchase_cards",
)
DESCRIPTOR_ACCEPTED = Behaviour(
    "DESCRIPTOR_ACCEPTED",
    "A soft descriptor is accepted; without support for it, the response has a warning.",
    documented("MD:setting-soft-descriptors; the text of the warning is inferred"),
    setting="soft_descriptors",
)
VOID_WINDOW = Behaviour(
    "VOID_WINDOW",
    "A full refund within 25 minutes of the payment is a void.",
    documented("REF create-refund; that it must be a full refund is inferred"),
    setting="void_window_ms",
)
VOID_HAS_REFUND_TYPE_AUTH = Behaviour(
    "VOID_HAS_REFUND_TYPE_AUTH",
    "The void of a captured charge has the metadata.refundType of a refund, AUTH.",
    inferred("KES reads AUTH for all captured charges; no void of one was recorded"),
    setting="void_type",
)
TENDER_NEEDS_NO_AUTHORIZATION = Behaviour(
    "TENDER_NEEDS_NO_AUTHORIZATION",
    "A charge with an alternate tender has no ref_num, no auth_code and no network outcome.",
    inferred("REF createcharge documents the request; no response was found"),
)
ZERO_AUTHORIZATION_CHECKS_CARD = Behaviour(
    "ZERO_AUTHORIZATION_CHECKS_CARD",
    "An authorization of 0 is approved, as a check of the card.",
    inferred("the code of a client; REF createcharge allows 0, no response was recorded"),
)
ZERO_SALE_IS_APPROVED = Behaviour(
    "ZERO_SALE_IS_APPROVED",
    "A captured charge of 0 is approved.",
    inferred("REF createcharge allows 0; no client sends it, and no response was recorded"),
)
EXPAND_NESTS_OBJECTS = Behaviour(
    "EXPAND_NESTS_OBJECTS",
    "`expand` replaces the ids of customer and order with the objects; other names are ignored.",
    inferred(
        "MD:get-a-charge lists `expand`; the newest text of DOCS:expanding-fields says that the "
        "Ecommerce API does not support it; no response was recorded"
    ),
    setting="strict",
)
