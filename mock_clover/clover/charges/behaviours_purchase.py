"""Behaviours of what a charge may have beside its amount: surcharges, data for buyers, tenders."""

from mock_clover.core.evidence import Behaviour, documented, inferred

SURCHARGE_IS_BESIDE = Behaviour(
    "SURCHARGE_IS_BESIDE",
    "A surcharge stands beside the amount, in no other sum, on every card; none is set at first.",
    inferred(
        "the payments of DOCS:working-with-transaction-data; additional_charges has no sample"
    ),
    setting="surcharge_rate",
)
PURCHASE_DATA_TAKEN = Behaviour(
    "PURCHASE_DATA_TAKEN",
    "Level 2 and 3 data is taken; a merchant without purchase cards is warned and charged.",
    documented("MD:understanding-level-2-data; the warning is in REF postordersidpay's samples"),
    setting="purchase_cards",
)
DESCRIPTOR_TAKEN = Behaviour(
    "DESCRIPTOR_TAKEN",
    "A soft descriptor is taken; a merchant without them is warned and charged.",
    documented("MD:setting-soft-descriptors; the words of the warning are inferred"),
    setting="soft_descriptors",
)
VOID_WINDOW = Behaviour(
    "VOID_WINDOW",
    "A full refund within 25 minutes of the payment is a void.",
    documented("REF create-refund; that it must be a full one is inferred"),
    setting="void_window_ms",
)
VOID_SAYS_AUTH = Behaviour(
    "VOID_SAYS_AUTH",
    "The void of a captured charge says AUTH in metadata.refundType, as its refund does.",
    inferred("KES reads AUTH of all captured charges; no void of one was seen"),
    setting="void_type",
)
TENDER_ASKS_NOBODY = Behaviour(
    "TENDER_ASKS_NOBODY",
    "A charge by an alternate tender has no reference, no code and no outcome of a network.",
    inferred("REF createcharge has the request; no answer was found"),
)
EXPAND_NESTS_OBJECTS = Behaviour(
    "EXPAND_NESTS_OBJECTS",
    "expand puts the customer and the order in the place of their ids; other names do nothing.",
    inferred("documented is only that three fields at most are expanded"),
)
