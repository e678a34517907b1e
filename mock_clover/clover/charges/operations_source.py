"""Resolve a payment source to a usable token and the issuer's verdict. Nothing is stored."""

from mock_clover.clover.charges.behaviours import (
    CUSTOMER_ID_NEEDS_NO_STORED_CREDENTIALS,
    EXPIRED_CARD_DECLINED,
    NEWEST_CARD_IS_CHARGED,
    SAVED_TOKEN_REQUIRES_STORED_CREDENTIALS,
)
from mock_clover.clover.charges.behaviours_purchase import TENDER_NEEDS_NO_AUTHORIZATION
from mock_clover.clover.charges.records import METADATA_BYTES_MAX
from mock_clover.clover.charges.records_stored_credentials import (
    StoredCredentials,
    missing_credentials,
)
from mock_clover.clover.charges.records_tender import TENDER_TOKEN
from mock_clover.clover.common.problems import (
    AMOUNT_TOO_LARGE,
    CARD_ON_FILE_MISSING,
    INVALID_REQUEST,
    INVALID_SOURCE,
    PARAMETER_MISSING,
    TOKEN_ALREADY_USED,
    strict_refusal,
)
from mock_clover.clover.common.verdict import (
    CVV_NOT_PROVIDED,
    EXPIRED_CARD_MESSAGE,
    Approval,
    Decline,
    Verdict,
)
from mock_clover.clover.customers.behaviours import (
    REVOKED_CARD_CANNOT_BE_CHARGED,
    SAVED_TOKEN_IS_MULTIPAY,
)
from mock_clover.clover.gift_cards.operations import authorize_non_card
from mock_clover.clover.threeds.records import ThreeDS
from mock_clover.clover.tokens.behaviours import (
    DECLINE_CONSUMES_TOKEN,
    TOKEN_PAYS_ONCE,
    TRANSARMOR_TOKEN_IS_REUSABLE,
    WALLET_IS_APPROVED,
)
from mock_clover.clover.tokens.records import Token
from mock_clover.core.broken_rule import shown
from mock_clover.core.evidence import Behaviour
from mock_clover.core.masking import redact
from mock_clover.core.money import AMOUNT_MAX, MERCHANT_CURRENCY, minor_units_text
from mock_clover.core.record import Value, encode
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_rule import ALTERNATE_TENDER

MISSING_CREDENTIALS_WHY = (
    "the token of a saved card is declined without stored_credentials (observed: CC 30103)"
)
_CVV_NOT_PROVIDED = Decline(
    why=MISSING_CREDENTIALS_WHY,
    evidence="observed",
    evidence_name=SAVED_TOKEN_REQUIRES_STORED_CREDENTIALS.name,
    message=CVV_NOT_PROVIDED,
)


class PaymentSource(Value, frozen=True, kw_only=True):
    """A chargeable token, its customer if the card is on file, and the issuer's verdict."""

    token: Token
    customer: str | None = None
    verdict: Verdict
    threeds: ThreeDS | None = None
    basis: tuple[Behaviour, ...] = ()
    """Behaviours that the choice of the token relies on."""
    why: str = ""
    """If set, used instead of the verdict's `why`."""


_EXPIRED = Decline(
    why="the card has expired according to the sandbox's clock (inferred)",
    evidence_name=EXPIRED_CARD_DECLINED.name,
    decline_code="expired_card",
    message=EXPIRED_CARD_MESSAGE,
)


_TENDER_APPROVAL = Approval(
    why="an alternate tender is always approved (inferred)",
    evidence_name=TENDER_NEEDS_NO_AUTHORIZATION.name,
)


def resolve_source(
    sandbox: Sandbox,
    source: str,
    stored_credentials: StoredCredentials | None,
    forced_verdict: Verdict | None = None,
) -> PaymentSource:
    """Resolve a source: a `clv_` token, or the id of a customer with a card on file.

    `forced_verdict` is the verdict that a rule or a header sets. A customer id as source is
    documented (SEED save-a-card). If there are several cards, the newest is charged (inferred).
    With `strict`, raise PARAMETER_MISSING for incomplete stored_credentials of a multi-pay token
    (documented: SEED save-a-card requires the members; no refusal was recorded).
    """
    token = sandbox.tokens.get(source)
    if token is None:
        return _resolve_customer(sandbox, source, stored_credentials, forced_verdict)
    check_usable(token)
    basis: tuple[Behaviour, ...] = ()
    needs_credentials = token.state == "multipay" and token.kind == "card"
    if token.state == "multipay":
        basis = (TRANSARMOR_TOKEN_IS_REUSABLE if token.is_transarmor else SAVED_TOKEN_IS_MULTIPAY,)
    # A token from another integration never had a CVV, and Clover's tutorial charges it without
    # stored_credentials.
    is_incomplete = needs_credentials and not token.is_transarmor and stored_credentials is None
    if is_incomplete and forced_verdict is None:
        forced_verdict = _CVV_NOT_PROVIDED
    if token.is_wallet and forced_verdict is None:
        basis += (WALLET_IS_APPROVED,)
    verdict = forced_verdict or ask_issuer(sandbox, token)
    why = _missing_credentials_why(sandbox, stored_credentials) if needs_credentials else ""
    return PaymentSource(
        token=token,
        customer=token.customer,
        verdict=verdict,
        basis=basis,
        why=why and f"{verdict.why}; {why}",
    )


def _missing_credentials_why(sandbox: Sandbox, stored: StoredCredentials | None) -> str:
    """Return which members of stored credentials are missing, or ''. Raises with `strict`."""
    missing = [] if stored is None else missing_credentials(stored)
    if not missing:
        return ""
    if sandbox.settings.strict:
        raise strict_refusal(PARAMETER_MISSING, param=f"stored_credentials.{missing[0]}")
    names = ", ".join(f"stored_credentials.{name}" for name in missing)
    return f"{names} missing, required with a multi-pay token (documented)"


def check_usable(token: Token) -> None:
    """Raise the error of a token that was used or revoked."""
    if token.state == "used":
        cause = DECLINE_CONSUMES_TOKEN if token.is_declined else TOKEN_PAYS_ONCE
        how = "its charge was declined" if token.is_declined else "it has paid a charge"
        rule = f"the token was used: {how}; create a new token, or save the card of a customer"
        raise TOKEN_ALREADY_USED.error(rule=rule, basis=(cause,))
    if token.state == "revoked":
        raise INVALID_SOURCE.error(
            rule="the card of the token was revoked", basis=(REVOKED_CARD_CANNOT_BE_CHARGED,)
        )


def unknown_source_rule(
    sandbox: Sandbox, source: str, wanted: str = "a token or a customer"
) -> str:
    """Return the sentence about a source that does not exist."""
    if redact(source) != source:
        return "source looks like a card number; create a token with POST /v1/tokens"
    if source.strip() != source:
        return f"source is {shown(source)}; remove the space or line break around it"
    for table, name in ((sandbox.charges, "a charge"), (sandbox.orders, "an order")):
        if source in table:
            return f"source is the id of {name}; must be the id of {wanted}"
    return f"source is {shown(source)}; must be the id of {wanted} of this sandbox"


def ask_issuer(sandbox: Sandbox, token: Token) -> Verdict:
    """Return the issuer's verdict for a token to which no rule applies."""
    if token.kind != "card":
        return authorize_non_card(sandbox, token)
    if sandbox.clock.now_ms() >= token.card.expires_ms:
        return _EXPIRED
    return sandbox.rules.verdict(token.card)


def _resolve_customer(
    sandbox: Sandbox,
    customer_id: str,
    stored_credentials: StoredCredentials | None,
    forced_verdict: Verdict | None,
) -> PaymentSource:
    if customer_id == ALTERNATE_TENDER:
        return PaymentSource(token=TENDER_TOKEN, verdict=forced_verdict or _TENDER_APPROVAL)
    customer = sandbox.customers.get(customer_id)
    if customer is None:
        raise INVALID_SOURCE.error(rule=unknown_source_rule(sandbox, customer_id))
    token = sandbox.tokens.get(customer.cards[-1].token) if customer.cards else None
    if token is None:
        raise CARD_ON_FILE_MISSING.error(rule="the customer of source has no card on file")
    basis: tuple[Behaviour, ...] = ()
    if len(customer.cards) > 1:
        basis = (NEWEST_CARD_IS_CHARGED,)
    if stored_credentials is None:
        basis += (CUSTOMER_ID_NEEDS_NO_STORED_CREDENTIALS,)
    verdict = forced_verdict or ask_issuer(sandbox, token)
    return PaymentSource(token=token, customer=customer.id, verdict=verdict, basis=basis)


def check_amount(amount: int, currency: str = MERCHANT_CURRENCY) -> None:
    """Raise AMOUNT_TOO_LARGE for an amount above Clover's maximum."""
    if amount > AMOUNT_MAX:
        sent, most = (minor_units_text(each, currency) for each in (amount, AMOUNT_MAX))
        raise AMOUNT_TOO_LARGE.error(rule=f"amount is {sent}; at most {most}")


def check_metadata(metadata: dict[str, object] | None) -> None:
    """Raise INVALID_REQUEST if the JSON of the metadata is too long."""
    if metadata and len(encode(metadata)) > METADATA_BYTES_MAX:
        raise INVALID_REQUEST.error(
            param="metadata",
            rule=f"metadata has {len(encode(metadata))} bytes; at most {METADATA_BYTES_MAX}",
        )
