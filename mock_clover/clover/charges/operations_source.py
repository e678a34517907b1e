"""Resolve a payment source to a usable token and the issuer's verdict. Nothing is stored."""

from mock_clover.clover.charges.behaviours import (
    EXPIRED_CARD_DECLINED,
    NEWEST_CARD_PAYS,
    SAVED_TOKEN_WANTS_STORED_CREDENTIALS,
)
from mock_clover.clover.charges.behaviours_purchase import TENDER_ASKS_NOBODY
from mock_clover.clover.charges.records import METADATA_BYTES_MAX
from mock_clover.clover.charges.records_stored_credentials import StoredCredentials
from mock_clover.clover.charges.records_tender import TENDER_TOKEN
from mock_clover.clover.common.problems import (
    AMOUNT_TOO_LARGE,
    CARD_ON_FILE_MISSING,
    INVALID_REQUEST,
    INVALID_SOURCE,
    TOKEN_ALREADY_USED,
)
from mock_clover.clover.common.verdict import (
    CVV_NOT_PROVIDED,
    EXPIRED_CARD_MESSAGE,
    Approval,
    Decline,
    Verdict,
)
from mock_clover.clover.gift_cards.operations import authorize_non_card
from mock_clover.clover.threeds.records import ThreeDS
from mock_clover.clover.tokens.records import Token
from mock_clover.core.evidence import Behaviour
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Value, encode
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_rule import ALTERNATE_TENDER

_CVV_NOT_PROVIDED = Decline(
    why="the token of a saved card is declined without stored_credentials (observed: CC 30103)",
    evidence="observed",
    based_on=SAVED_TOKEN_WANTS_STORED_CREDENTIALS.name,
    message=CVV_NOT_PROVIDED,
)


class PaymentSource(Value, frozen=True, kw_only=True):
    """A chargeable token, its customer if the card is on file, and the issuer's verdict."""

    token: Token
    customer: str | None = None
    verdict: Verdict
    threeds: ThreeDS | None = None
    basis: tuple[Behaviour, ...] = ()
    """The behaviours that finding the source relied on."""
    why: str = ""
    """Replaces the verdict's `why` unless empty."""


_EXPIRED = Decline(
    why="the card has expired according to the sandbox's clock (inferred)",
    based_on=EXPIRED_CARD_DECLINED.name,
    decline_code="expired_card",
    message=EXPIRED_CARD_MESSAGE,
)


_TENDERED = Approval(
    why="an alternate tender is always approved (inferred)", based_on=TENDER_ASKS_NOBODY.name
)


def resolve_source(
    sandbox: Sandbox,
    source: str,
    stored_credentials: StoredCredentials | None,
    forced: Verdict | None = None,
) -> PaymentSource:
    """Resolve a source: a `clv_` token, or the id of a customer with a card on file.

    `forced` is the verdict that a rule or a header sets. Source of the customer form: SEED
    save-a-card. If there are several cards, the newest is charged (inferred).
    """
    token = sandbox.tokens.get(source)
    if token is None:
        return _on_file(sandbox, source, forced)
    if token.state == "used":
        raise TOKEN_ALREADY_USED.error()
    if token.state == "revoked":
        raise INVALID_SOURCE.error()
    if token.state == "multipay" and stored_credentials is None and forced is None:
        # A token of another integration never had a CVV; Clover's tutorial charges it anyway.
        verdict = ask_issuer(sandbox, token) if token.foreign else _CVV_NOT_PROVIDED
        return PaymentSource(token=token, customer=token.customer, verdict=verdict)
    verdict = forced or ask_issuer(sandbox, token)
    return PaymentSource(token=token, customer=token.customer, verdict=verdict)


def ask_issuer(sandbox: Sandbox, token: Token) -> Verdict:
    """Return the issuer's verdict for a token that no rule has decided."""
    if token.kind != "card":
        return authorize_non_card(sandbox, token)
    if sandbox.clock.now_ms() >= token.card.good_until_ms:
        return _EXPIRED
    return sandbox.rules.verdict(token.card)


def _on_file(sandbox: Sandbox, customer_id: str, forced: Verdict | None) -> PaymentSource:
    if customer_id == ALTERNATE_TENDER:
        return PaymentSource(token=TENDER_TOKEN, verdict=forced or _TENDERED)
    customer = sandbox.customers.get(customer_id)
    if customer is None:
        raise INVALID_SOURCE.error()
    if not customer.cards:
        raise CARD_ON_FILE_MISSING.error()
    token = sandbox.tokens.get(customer.cards[-1].token)
    if token is None:
        raise CARD_ON_FILE_MISSING.error()
    basis = (NEWEST_CARD_PAYS,) if len(customer.cards) > 1 else ()
    verdict = forced or ask_issuer(sandbox, token)
    return PaymentSource(token=token, customer=customer.id, verdict=verdict, basis=basis)


def check_amount(amount: int) -> None:
    """Raise AMOUNT_TOO_LARGE for an amount above Clover's maximum."""
    if amount > AMOUNT_MAX:
        raise AMOUNT_TOO_LARGE.error()


def check_metadata(metadata: dict[str, object] | None) -> None:
    """Raise INVALID_REQUEST if the metadata is too long."""
    if metadata and len(encode(metadata)) > METADATA_BYTES_MAX:
        raise INVALID_REQUEST.error(param="metadata")
