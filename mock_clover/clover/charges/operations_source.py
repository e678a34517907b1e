"""Who pays: a source becomes a usable card token and the issuer's verdict. Nothing is written."""

from typing import NamedTuple

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
from mock_clover.core.record import encode
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_rule import ALTERNATE_TENDER

_CVV_NOT_PROVIDED = Decline(
    why="a saved card's token without stored_credentials is declined (observed: CC 30103)",
    evidence="observed",
    based_on=SAVED_TOKEN_WANTS_STORED_CREDENTIALS.name,
    message=CVV_NOT_PROVIDED,
)


class PaymentSource(NamedTuple):
    """A token that may be charged, its customer if it is on file, and what the issuer says."""

    token: Token
    customer: str | None
    verdict: Verdict
    threeds: ThreeDS | None = None
    basis: tuple[Behaviour, ...] = ()
    """What of Clover was taken for granted to find it."""
    why: str = ""
    """More than the verdict's own, if there is more to say."""


_new_tuple = tuple.__new__
_EXPIRED = Decline(
    why="the card has expired by the sandbox's clock (inferred)",
    based_on=EXPIRED_CARD_DECLINED.name,
    decline_code="expired_card",
    message=EXPIRED_CARD_MESSAGE,
)


_TENDERED = Approval(
    why="an alternate tender is taken as it is (inferred)", based_on=TENDER_ASKS_NOBODY.name
)


def resolve_source(
    sandbox: Sandbox,
    source: str,
    stored_credentials: StoredCredentials | None,
    decided: Verdict | None = None,
) -> PaymentSource:
    """Find what a source stands for: a `clv_` token, or a customer with a card on file.

    `decided` is what a rule or header has the issuer say. Source of the customer form: SEED
    save-a-card. Of several cards the newest pays (inferred).
    """
    token = sandbox.tokens.get(source)
    if token is None:
        return _on_file(sandbox, source, decided)
    if token.state == "used":
        raise TOKEN_ALREADY_USED.error()
    if token.state == "revoked":
        raise INVALID_SOURCE.error()
    if token.state == "multipay" and stored_credentials is None and decided is None:
        # A token of another integration never had a CVV; its tutorial charges it all the same.
        verdict = ask_issuer(sandbox, token) if token.foreign else _CVV_NOT_PROVIDED
        return PaymentSource(token, token.customer, verdict)
    # Not by its name: nearly every payment has its payer from here, and this takes half the time.
    return _new_tuple(
        PaymentSource, (token, token.customer, decided or ask_issuer(sandbox, token), None, (), "")
    )


def ask_issuer(sandbox: Sandbox, token: Token) -> Verdict:
    """Ask what the issuer says to a card, if no rule speaks for it."""
    if token.kind != "card":
        return authorize_non_card(sandbox, token)
    if sandbox.clock.now_ms() >= token.card.good_until_ms:
        return _EXPIRED
    return sandbox.rules.verdict(token.card)


def _on_file(sandbox: Sandbox, customer_id: str, decided: Verdict | None) -> PaymentSource:
    if customer_id == ALTERNATE_TENDER:
        return PaymentSource(TENDER_TOKEN, None, decided or _TENDERED)
    customer = sandbox.customers.get(customer_id)
    if customer is None:
        raise INVALID_SOURCE.error()
    if not customer.cards:
        raise CARD_ON_FILE_MISSING.error()
    token = sandbox.tokens.get(customer.cards[-1].token)
    if token is None:
        raise CARD_ON_FILE_MISSING.error()
    basis = (NEWEST_CARD_PAYS,) if len(customer.cards) > 1 else ()
    verdict = decided or ask_issuer(sandbox, token)
    return _new_tuple(PaymentSource, (token, customer.id, verdict, None, basis, ""))


def check_amount(amount: int) -> None:
    """Refuse an amount above Clover's maximum."""
    if amount > AMOUNT_MAX:
        raise AMOUNT_TOO_LARGE.error()


def check_metadata(metadata: dict[str, object] | None) -> None:
    """Refuse metadata that is too long."""
    if metadata and len(encode(metadata)) > METADATA_BYTES_MAX:
        raise INVALID_REQUEST.error(param="metadata")
