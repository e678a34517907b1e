"""Behaviours of customers and their cards, with their evidence."""

from mock_clover.core.evidence import Behaviour, documented, inferred, observed

SAVED_TOKEN_IS_MULTIPAY = Behaviour(
    "SAVED_TOKEN_IS_MULTIPAY",
    "Saving a token for a customer makes it multi-pay.",
    documented("SEED save-a-card"),
)
SAVED_CARD_IS_VERIFIED = Behaviour(
    "SAVED_CARD_IS_VERIFIED",
    "Saving a card verifies it with the issuer, which requires the CVV.",
    observed("GP CloverCustomer has the error for a token without one"),
)
NAMES_ARE_BLANK = Behaviour(
    "NAMES_ARE_BLANK",
    "Responses have the name that was sent; without it, the name is blank, even if firstName and "
    "lastName were sent.",
    documented("SEED 2025-05; DOCS:create-a-card-on-file-customer"),
)
CUSTOMER_UPDATE_NEEDS_EMAIL = Behaviour(
    "CUSTOMER_UPDATE_NEEDS_EMAIL",
    "An update of a customer without the e-mail is rejected, even if it only adds a card.",
    observed("CC 23365; SEED save-a-card lists the e-mail, but its curl command does not send it"),
    setting="customer_update_email",
)
REVOKED_CARD_CANNOT_BE_CHARGED = Behaviour(
    "REVOKED_CARD_CANNOT_BE_CHARGED",
    "The token of a card that was removed from a customer can no longer be charged.",
    inferred("no source was found"),
)
