"""Behaviours of tokens, with their evidence."""

from mock_clover.core.evidence import Behaviour, documented, inferred, observed

BRAND_FROM_NUMBER = Behaviour(
    "BRAND_FROM_NUMBER",
    "The brand of a token comes from the card number; the brand in the request is not used.",
    observed("clover_sandbox_simulator reads a brand that it never sent"),
)
MULTI_PAY_TOKENS_ARE_ENABLED = Behaviour(
    "MULTI_PAY_TOKENS_ARE_ENABLED",
    "The merchant's gateway has multi-pay tokens. Without them, no card can be saved.",
    documented("SEED save-a-card, MD:multi-pay tokens; the error without them is inferred"),
    setting="multi_pay_tokens",
)
PRODUCTION_KEY_IS_ACCEPTED = Behaviour(
    "PRODUCTION_KEY_IS_ACCEPTED",
    "A card that is encrypted with the production key is accepted and named in x-mock-clover-why.",
    inferred("SEED card token has a key for the sandbox; published samples use the other one"),
    setting="strict",
)
TOKENIZATION_SKIPS_CHECKS = Behaviour(
    "TOKENIZATION_SKIPS_CHECKS",
    "Address and CVV are checked when a token is charged, not when it is created.",
    documented("MD: fraud tools"),
)
ORDER_OF_CARD_CHECKS = Behaviour(
    "ORDER_OF_CARD_CHECKS",
    "The card number is validated first, then the expiry, then the CVV.",
    inferred("no source was found; no error response of the token host was recorded"),
)
TOKEN_VALID_UNTIL_CARD_EXPIRES = Behaviour(
    "TOKEN_VALID_UNTIL_CARD_EXPIRES",
    "An unused single-pay token is valid until its card expires.",
    inferred("no source states a lifetime of unused tokens"),
)
TOKEN_PAYS_ONCE = Behaviour(
    "TOKEN_PAYS_ONCE",
    "A single-pay token can be charged once; a token saved for a customer can be charged again.",
    documented("SEED save-a-card; CC 23365 and PHP21 have the error"),
)
DECLINE_CONSUMES_TOKEN = Behaviour(
    "DECLINE_CONSUMES_TOKEN",
    "A declined charge consumes its single-pay token.",
    inferred("shops request a new token after a decline; Clover does not document it"),
    setting="decline_spends_token",
)
TRANSARMOR_TOKEN_IS_REUSABLE = Behaviour(
    "TRANSARMOR_TOKEN_IS_REUSABLE",
    "A token created from a TransArmor token can be charged more than once.",
    documented("TransArmor page"),
)
WALLET_IS_APPROVED = Behaviour(
    "WALLET_IS_APPROVED",
    "The encrypted payload of a wallet is not decrypted; its token is for the approved test card.",
    inferred("the payload is encrypted with Clover's key"),
)
