"""Known differences from Clover, and open questions about Clover's behaviour.

`mock-clover evidence` and the documentation list both.
"""

from typing import NamedTuple

from mock_clover.clover.charges import behaviours as charges
from mock_clover.clover.charges import behaviours_capture as captures
from mock_clover.clover.checkout import behaviours as checkout
from mock_clover.clover.common import behaviours_browser as browser
from mock_clover.clover.common import behaviours_service as service
from mock_clover.clover.gift_cards import behaviours as gift_cards
from mock_clover.clover.oauth import behaviours as oauth
from mock_clover.clover.orders import behaviours as orders
from mock_clover.clover.platform import behaviours as platform
from mock_clover.clover.recurring import behaviours as recurring
from mock_clover.clover.threeds import behaviours as threeds
from mock_clover.clover.tokens import behaviours as tokens
from mock_clover.clover.webhooks import behaviours as webhooks
from mock_clover.core.evidence import Behaviour


class KnownDifference(NamedTuple):
    """A known difference between this mock and Clover."""

    topic: str
    description: str


class Unknown(NamedTuple):
    """An open question about Clover, and what this mock does."""

    topic: str
    mock_behaviour: str = ""
    behaviour: Behaviour | None = None
    """A behaviour that describes what this mock does."""

    @property
    def description(self) -> str:
        """Return what this mock does."""
        return " ".join(
            filter(None, (self.mock_behaviour, self.behaviour and self.behaviour.description))
        )


KNOWN_DIFFERENCES: tuple[KnownDifference, ...] = (
    KnownDifference(
        "issuers", "No money moves: scenarios, rules and headers set the verdict of the issuer."
    ),
    KnownDifference(
        "address",
        "The mock serves all of Clover's hosts at one address; HTTPS requires `serve --tls`.",
    ),
    KnownDifference(
        "keys",
        "The server has its own key pair, so it cannot decrypt data encrypted with Clover's key.",
    ),
    KnownDifference(
        "language",
        "API errors are in English; Clover's errors depend on the locale of the merchant.",
    ),
    KnownDifference(
        "response headers",
        "Responses have x-mock-clover-why, x-mock-clover-evidence and x-request-id, and "
        "x-mock-clover-ignored if something in the request has no effect. Of Clover's "
        "own headers, they have only those of the rate limits.",
    ),
    KnownDifference(
        "limits",
        "A body over 1 MiB gets 413, a full sandbox 503; docs/architecture.md lists the "
        "main limits.",
    ),
    KnownDifference("rate limits", "Off by default; a scenario can enable them."),
    KnownDifference(
        "velocity",
        "Clover's sandbox declines too many payments of one card or IP address, with a recorded "
        "message. The threshold is unknown, so this mock does so only in the scenario velocity.",
    ),
    KnownDifference(
        "fields that are never returned",
        "billing_details, debt_payment, livemode, receipt_number, receipt_url: a response schema "
        "has them, but no recorded response does.",
    ),
    KnownDifference(
        "level 2 and 3", "The data is validated and returned, but has no other effect."
    ),
    KnownDifference(
        "list of refunds",
        "A recorded list (GP) has items in a different format; this mock returns them like single "
        "refunds.",
    ),
    KnownDifference(
        "hosted checkout",
        "The page is this mock's own and accepts only cards: no wallets and no 3-D Secure.",
    ),
    KnownDifference(
        "3-D Secure",
        "The SDK opens only pages of this mock, which have their own design.",
    ),
    KnownDifference("receipts", "No receipts are sent, as in Clover's sandbox."),
)

UNKNOWNS: tuple[Unknown, ...] = (
    Unknown("the response to a repeated idempotency key", "", service.IDEMPOTENCY_REPLAY),
    Unknown("the scope of an idempotency key", "", service.IDEMPOTENCY_SCOPE),
    Unknown("the lifetime of an unused token", "", tokens.TOKEN_VALID_UNTIL_CARD_EXPIRES),
    Unknown("whether a decline consumes the token", "", tokens.DECLINE_CONSUMES_TOKEN),
    Unknown(
        "all error responses of the token host",
        "documented codes in the error format of charges; messages are based on the documented "
        "descriptions",
    ),
    Unknown(
        "the responses for amount_too_large, expired_card and card_on_file_missing, for 403 and "
        "5xx, and for a card that is saved twice",
        "documented codes, with messages like the recorded ones",
    ),
    Unknown("the response for a failed charge", "", charges.FAILED_CHARGE_IS_RETRIEVABLE),
    Unknown("the list of decline codes", "", charges.DECLINE_REASONS),
    Unknown("the minimum amount", "0 is accepted, as REF createcharge says"),
    Unknown("the maximum amount of a capture", "", captures.CAPTURE_WITHIN_AUTHORIZATION),
    Unknown("which of several saved cards is charged", "", charges.NEWEST_CARD_IS_CHARGED),
    Unknown(
        "the response to incomplete stored_credentials of a multi-pay token",
        "accepted, the missing fields are named in x-mock-clover-why; --strict rejects them",
    ),
    Unknown(
        "the response to an encrypted card without the fields that Clover's page requires",
        "accepted, the missing fields are named in x-mock-clover-why; --strict rejects them",
    ),
    Unknown("the time zone of dates in filters", "", service.DATES_ARE_UTC),
    Unknown("canceled orders", "no order has the status canceled"),
    Unknown("which charge of a split payment is refunded", "", orders.RETURN_CREATES_REFUNDS),
    Unknown("the lifetime of an authorization code", "", oauth.CODE_LIFETIME),
    Unknown("the maximum number of valid refresh tokens", "", oauth.REFRESH_TOKENS_ARE_LIMITED),
    Unknown("the response to a rejected refresh", "the same as for a rejected code"),
    Unknown(
        "the format of a token request for a wallet",
        "several are accepted",
        tokens.WALLET_IS_APPROVED,
    ),
    Unknown("the flow of each 3-D Secure card", "", threeds.FLOW_BY_CARD),
    Unknown("the status of a charge during 3-D Secure", "", threeds.PENDING_CHARGE_IS_RETRIEVABLE),
    Unknown("the values of flow_status", "", threeds.FLOW_STATUS_DECIDES),
    Unknown("the content of the 3DS SDK's event", "", threeds.SDK_STATUS),
    Unknown("the target of the 3DS SDK's event", "", threeds.SDK_EVENT_TARGET),
    Unknown("what the browser's card fields check", "", browser.SDK_FIELD_CHECKS),
    Unknown("when a card field reports its error", "", browser.SDK_ERROR_AFTER_TOUCH),
    Unknown("most messages of the card fields", "messages of this mock, in English and French"),
    Unknown("how createToken reports an error response", "", browser.SDK_TOKEN_REJECTIONS),
    Unknown("how the SDK sends a card", "", browser.SDK_TOKEN_SENT_PLAIN),
    Unknown("the detail of the paymentAuthorize event", "", browser.SDK_APPLE_PAY_AUTHORIZE),
    Unknown("the initial balance of a gift card", "", gift_cards.NEW_GIFT_CARD_BALANCE),
    Unknown("how long an ACH debit is pending", "", gift_cards.DEBIT_IS_PENDING),
    Unknown("how several discounts of an order combine", "", platform.ADJUSTED_TOTALS),
    Unknown("what a unitQty below 1000 counts", "", platform.UNIT_QTY_BELOW_A_UNIT),
    Unknown("the error of an unknown path of most hosts", "", service.UNKNOWN_PATH),
    Unknown("which requests cause which events", "", webhooks.EVENTS_OF_A_PAYMENT),
    Unknown("when a webhook is retried", "", webhooks.WEBHOOK_RETRIES),
    Unknown("when a subscription payment is retried", "", recurring.FAILED_PAYMENT_IS_RETRIED),
    Unknown("most error responses of the hosted checkout", "only a message, as clients expect"),
    Unknown(
        "where the checkout page redirects after a decline", "", checkout.CHECKOUT_ALLOWS_RETRY
    ),
    Unknown(
        "whether a canceled session can be paid", "", checkout.CANCELLED_CHECKOUT_CANNOT_BE_PAID
    ),
    Unknown("the response body of a 429", "only a message, as quoted on one help page"),
)
