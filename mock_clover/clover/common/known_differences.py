"""Known differences from Clover, and facts about Clover that are not known.

Both are lists of values, so that `mock-clover evidence` and its page include them.
"""

from typing import NamedTuple

from mock_clover.clover.charges import behaviours as charge
from mock_clover.clover.checkout import behaviours as checkout
from mock_clover.clover.common import behaviours_browser as browser
from mock_clover.clover.common import behaviours_other as around
from mock_clover.clover.orders import behaviours as order
from mock_clover.core.evidence import Behaviour


class KnownDifference(NamedTuple):
    """One known difference between this mock and Clover."""

    about: str
    said: str


class Unknown(NamedTuple):
    """A fact about Clover that was not found, and what this mock does instead."""

    about: str
    here: str = ""
    behaviour: Behaviour | None = None
    """The behaviour that describes what this mock does."""

    @property
    def said(self) -> str:
        """Return what this mock does."""
        return " ".join(filter(None, (self.here, self.behaviour and self.behaviour.said)))


KNOWN_DIFFERENCES: tuple[KnownDifference, ...] = (
    KnownDifference(
        "issuers", "No money moves: scenarios, rules and headers set the issuer's verdict."
    ),
    KnownDifference(
        "address",
        "One address serves all of Clover's hosts; HTTPS is off unless `serve --tls` is used.",
    ),
    KnownDifference(
        "keys",
        "The server has its own key pair: it cannot decrypt data encrypted with Clover's key.",
    ),
    KnownDifference(
        "language", "API errors are in English; Clover's depend on the merchant's locale."
    ),
    KnownDifference(
        "reply headers",
        "Responses have x-mock-clover-why, x-mock-clover-evidence and x-request-id; of Clover's "
        "own headers they have only those of its rate limits.",
    ),
    KnownDifference(
        "bounds",
        "A body over 1 MiB gets 413, a full sandbox 503; docs/architecture.md lists all bounds.",
    ),
    KnownDifference("rate limits", "They are off unless a scenario turns them on."),
    KnownDifference(
        "velocity",
        "Clover's sandbox declines too many payments of one card or IP address, with a recorded "
        "message. The threshold is not known, so this mock never does.",
    ),
    KnownDifference(
        "members never returned",
        "billing_details, debt_payment, livemode, receipt_number, receipt_url: a schema of the "
        "responses has them, no recorded response does.",
    ),
    KnownDifference(
        "level 2 and 3", "Their data is validated and returned, and has no other effect."
    ),
    KnownDifference(
        "list of refunds",
        "One fixture (GP) has rows of another form; here they are the same as single refunds.",
    ),
    KnownDifference(
        "hosted checkout",
        "The page is this mock's own and accepts cards only: no wallets and no 3-D Secure.",
    ),
    KnownDifference(
        "3-D Secure",
        "The SDK opens only pages of this mock, and their design is this mock's own.",
    ),
    KnownDifference("receipts", "No receipts are sent, as in Clover's sandbox."),
)

UNKNOWNS: tuple[Unknown, ...] = (
    Unknown("the response to a repeated idempotency key", "", charge.IDEMPOTENCY_REPLAY),
    Unknown("the scope of an idempotency key", "", charge.IDEMPOTENCY_SCOPE),
    Unknown("the lifetime of an unused token", "", charge.TOKEN_KEEPS),
    Unknown("whether a decline uses up its token", "", charge.DECLINE_SPENDS_TOKEN),
    Unknown(
        "any error body of the token host",
        "documented codes in the envelope of charges, messages after the documented descriptions",
    ),
    Unknown(
        "the bodies of amount_too_large, expired_card and card_on_file_missing, of 403 and 5xx, "
        "and of saving a card twice",
        "documented codes, messages like the recorded ones",
    ),
    Unknown("the body of a failed charge", "", charge.FAILED_CHARGE_SHOWN),
    Unknown("the list of decline codes", "", charge.DECLINE_REASONS),
    Unknown("the smallest amount", "0 is accepted, as REF createcharge says"),
    Unknown("the highest amount of a capture", "", charge.CAPTURE_WITHIN_AUTHORISATION),
    Unknown("which of several saved cards is charged", "", charge.NEWEST_CARD_PAYS),
    Unknown("the time zone of dates in filters", "", order.DATES_ARE_UTC),
    Unknown("canceled orders", "no order has this status"),
    Unknown("which charge of a split payment is refunded", "", order.RETURN_MAKES_REFUNDS),
    Unknown("the lifetime of an authorization code", "", around.CODE_LIFE),
    Unknown("the limit of live refresh tokens", "", around.REFRESH_TOKENS_ARE_LIMITED),
    Unknown("the body of a rejected refresh", "the same as for a rejected code"),
    Unknown(
        "the shape of a wallet's token request", "several are accepted", charge.WALLET_IS_APPROVED
    ),
    Unknown("the flow of each 3-D Secure card", "", around.FLOW_BY_CARD),
    Unknown("the status of a charge during 3-D Secure", "", around.PENDING_CHARGE_SHOWN),
    Unknown("the values of flow_status", "", around.FLOW_STATUS_DECIDES),
    Unknown("the content of the 3DS SDK's event", "", around.SDK_STATUS),
    Unknown("the target of the 3DS SDK's event", "", around.SDK_EVENT_TARGET),
    Unknown("what the browser's card fields check", "", browser.SDK_FIELD_CHECKS),
    Unknown("when a card field reports its error", "", browser.SDK_ERROR_AFTER_TOUCH),
    Unknown("most messages of the card fields", "our own messages, in English and French"),
    Unknown("how createToken reports an error response", "", browser.SDK_TOKEN_REFUSALS),
    Unknown("how the SDK sends a card", "", browser.SDK_TOKEN_SENT_PLAIN),
    Unknown("the detail of paymentAuthorize", "", browser.SDK_APPLE_PAY_AUTHORIZE),
    Unknown("the initial balance of a gift card", "", around.FRESH_GIFT_CARD_HOLDS),
    Unknown("how long a bank debit is pending", "", around.DEBIT_IS_PENDING),
    Unknown("which requests cause which events", "", around.EVENTS_OF_A_PAYMENT),
    Unknown("when a webhook is retried", "", around.WEBHOOK_RETRIES),
    Unknown("when a subscription's payment is retried", "", order.FAILED_PAYMENT_IS_RETRIED),
    Unknown("most error bodies of the hosted checkout", "a message only, as clients expect"),
    Unknown("where its page goes after a decline", "", checkout.CHECKOUT_ALLOWS_RETRY),
    Unknown(
        "whether a cancelled session can be paid", "", checkout.CANCELLED_CHECKOUT_CANNOT_BE_PAID
    ),
    Unknown("the body of a 429", "a message only, as quoted on one help page"),
)
