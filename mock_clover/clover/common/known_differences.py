"""What is known to be other than Clover's, and what is not known of Clover at all.

Both are lists of values, so that `mock-clover fidelity` and its page tell them and nobody forgets.
"""

from typing import NamedTuple

from mock_clover.clover.charges import behaviours as charge
from mock_clover.clover.checkout import behaviours as checkout
from mock_clover.clover.common import behaviours_browser as browser
from mock_clover.clover.common import behaviours_other as around
from mock_clover.clover.orders import behaviours as order
from mock_clover.core.evidence import Behaviour


class Difference(NamedTuple):
    """What this mock does otherwise, and knows that it does."""

    about: str
    said: str


class Unknown(NamedTuple):
    """What was looked for and not found, and what is done here instead."""

    about: str
    here: str = ""
    behaviour: Behaviour | None = None
    """Which says what is done here."""

    @property
    def said(self) -> str:
        """What is done here."""
        return " ".join(filter(None, (self.here, self.behaviour and self.behaviour.said)))


KNOWN_DIFFERENCES: tuple[Difference, ...] = (
    Difference("issuers", "No money moves: scenarios, rules and headers say what an issuer says."),
    Difference("address", "One address serves all of Clover's hosts, by HTTP and without TLS."),
    Difference(
        "keys",
        "The key pair is the server's own: what was encrypted for Clover's key does not open.",
    ),
    Difference("language", "Errors are in English; Clover's follow the merchant's locale."),
    Difference(
        "reply headers",
        "Replies have x-mock-clover-why and x-mock-clover-evidence, and none of Clover's own "
        "headers but those of its limits.",
    ),
    Difference(
        "bounds",
        "Bodies over 1 MiB get 413, a full sandbox 503: docs/architecture.md has all bounds.",
    ),
    Difference("rate limits", "They are off unless a scenario asks for them."),
    Difference(
        "velocity",
        "Clover's sandbox refuses too many payments of one card; text and threshold are not known, "
        "so nothing does here.",
    ),
    Difference(
        "members never shown",
        "additional_charges, billing_details, debt_payment, livemode, receipt_number, receipt_url: "
        "in a schema of the answers, in no answer that was recorded.",
    ),
    Difference("level 2 and 3", "Their data is taken and not interpreted."),
    Difference(
        "list of refunds",
        "One fixture (GP) shows rows of another make; here they are refunds as they are retrieved.",
    ),
    Difference(
        "hosted checkout",
        "Its page is this mock's own and takes cards only: no wallet, no tip, no 3-D Secure.",
    ),
    Difference(
        "3-D Secure",
        "Its SDK opens this mock's own pages by their addresses, never another's; windows and "
        "pages look as this mock has them.",
    ),
    Difference("receipts", "None is sent, as in Clover's sandbox."),
)

UNKNOWNS: tuple[Unknown, ...] = (
    Unknown("what a replayed idempotency key answers", "", charge.IDEMPOTENCY_REPLAY),
    Unknown("whose key it is, and on which path", "", charge.IDEMPOTENCY_SCOPE),
    Unknown("how long an unused token is good", "", charge.TOKEN_KEEPS),
    Unknown("whether a decline uses up its token", "", charge.DECLINE_SPENDS_TOKEN),
    Unknown(
        "any error body of the token host",
        "documented codes in the envelope of charges, words after the documented descriptions",
    ),
    Unknown(
        "the bodies of amount_too_large, expired_card, card_on_file_missing, of 403, of 5xx, of a "
        "card that is saved twice",
        "codes as documented, words after those that were recorded",
    ),
    Unknown("the body of a failed charge", "", charge.FAILED_CHARGE_SHOWN),
    Unknown("the list of decline codes", "", charge.DECLINE_REASONS),
    Unknown("the smallest amount", "0 is taken, as REF createcharge says"),
    Unknown("how much may be captured", "", charge.CAPTURE_WITHIN_AUTHORISATION),
    Unknown("which of several saved cards pays", "", charge.NEWEST_CARD_PAYS),
    Unknown("the zone of dates in filters", "", order.DATES_ARE_UTC),
    Unknown("orders that are canceled", "no order has this status"),
    Unknown("which charge of a split payment gives back", "", order.RETURN_MAKES_REFUNDS),
    Unknown("how long an authorisation code is good", "", around.CODE_LIFE),
    Unknown("how many refresh tokens live", "", around.REFRESH_TOKENS_ARE_LIMITED),
    Unknown("the body of a refused refresh", "as that of a refused code"),
    Unknown(
        "the shape of a wallet's token request", "several are taken", charge.WALLET_IS_APPROVED
    ),
    Unknown("what each 3-D Secure card shows", "", around.FLOW_BY_CARD),
    Unknown("the status of a charge in 3-D Secure", "", around.PENDING_CHARGE_SHOWN),
    Unknown("the values of flow_status", "", around.FLOW_STATUS_DECIDES),
    Unknown("what the 3DS SDK's event says", "", around.SDK_STATUS),
    Unknown("on what the 3DS SDK's event is fired", "", around.SDK_EVENT_TARGET),
    Unknown("what the browser's card fields check", "", browser.SDK_FIELD_CHECKS),
    Unknown("when a card field tells of its error", "", browser.SDK_ERROR_AFTER_TOUCH),
    Unknown("most messages of the card fields", "our own words, in English and French"),
    Unknown("what createToken does with a refusal", "", browser.SDK_TOKEN_REFUSALS),
    Unknown("how the SDK sends a card", "", browser.SDK_TOKEN_SENT_PLAIN),
    Unknown("the detail of paymentAuthorize", "", browser.SDK_APPLE_PAY_AUTHORIZE),
    Unknown("what a gift card holds at first", "", around.FRESH_GIFT_CARD_HOLDS),
    Unknown("how long a bank debit is pending", "", around.DEBIT_IS_PENDING),
    Unknown("which events follow which call", "", around.EVENTS_OF_A_PAYMENT),
    Unknown("when a webhook is sent again", "", around.WEBHOOK_RETRIES),
    Unknown("when a subscription's payment is tried again", "", order.FAILED_PAYMENT_IS_RETRIED),
    Unknown("any error body of the hosted checkout", "a message only, as clients expect it"),
    Unknown("what a decline on its page leads to", "", checkout.CHECKOUT_TRIED_AGAIN),
    Unknown("whether a cancelled session can be paid", "", checkout.CHECKOUT_CANCEL_ENDS),
    Unknown("the body of a 429", "a message only, as one help page quotes it"),
)
