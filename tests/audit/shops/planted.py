"""The planted bugs of the Python shop, and what must find each."""

from typing import Any, NamedTuple

LOST_CHARGE = {"kind": "drop", "endpoint": "create_charge", "when": "after_commit", "nth": 1}
LOST_REFUND = LOST_CHARGE | {"endpoint": "create_refund"}
SECOND_DECLINED = {"kind": "problem", "endpoint": "pay_order", "status": 402, "nth": 2}
TWICE = {"name": "twice", "extends": "sandbox", "webhook_plan": [{"do": "duplicate"}]}


class Planted(NamedTuple):
    """A bug, the command that shows it, and what finds it."""

    bug: str
    command: str
    audit: tuple[str, ...] = ()
    """The rules that report it, when the sandbox does what `fault`, `next` and `settings` say."""
    fault: dict[str, Any] | None = None
    next: str = ""
    settings: dict[str, Any] | None = None
    cell: str = ""
    """The cell of a sweep."""
    verdict: str = "-"
    reconcile: bool = False
    hook: dict[str, Any] | None = None
    """The target of webhooks."""
    signature: str = ""
    """The signature of an event that did not happen."""


PLANTED = (
    Planted("NoKey", "sell", ("CLV001",),
            cell="create_charge#1:drop:after_commit", verdict="unreconciled"),
    Planted("NewKeyForEachAttempt", "renew", ("CLV002",), fault=LOST_CHARGE,
            cell="create_charge#1:drop:after_commit", verdict="lost_money"),
    Planted("KeyOfTheOrder", "second_card", ("CLV003",)),
    Planted("DoubleClick", "sell", ("CLV004",)),
    Planted("NewKeyForEachRefund", "give_back_part", ("CLV005",), fault=LOST_REFUND,
            cell="create_refund#1:drop:after_commit", verdict="lost_money"),
    Planted("TokenKept", "try_again", ("CLV006",), next="card_declined/insufficient_funds"),
    Planted("FinalDeclineRetried", "renew", ("CLV007",), next="card_declined/stolen_card"),
    Planted("NoPause", "look", ("CLV008",), settings={"rate_limits": True}),
    Planted("CardNumberInMetadata", "sell", ("CLV009",)),
    Planted("AmountAsFraction", "sell", ("CLV010",)),
    Planted("MisspeltMember", "cancel", ("CLV011",)),
    Planted("NoStoredCredentials", "subscribe", ("CLV012",)),
    Planted("FirstEachMonth", "subscribe", ("CLV013",)),
    Planted("NoCustomerAddress", "sell", ("CLV014",)),
    Planted("CanceledOnlyHere", "cancel", ("CLV016",)),
    Planted("CaptureOfEditedOrder", "ship", ("CLV016", "CLV017")),
    Planted("RefundOfTheTotal", "give_back", ("CLV018",)),
    Planted("OrderPaidAgain", "kitchen", ("CLV019",)),
    Planted("KeyFetchedEachTime", "sell_again", ("CLV020",)),
    Planted("FailureIgnored", "kitchen", ("CLV027",), next="card_declined/insufficient_funds",
            cell="pay_order#1:decline", verdict="lost_money"),
    Planted("PrintedFirst", "kitchen", ("CLV027",), next="card_declined/insufficient_funds",
            cell="pay_order#1:decline", verdict="lost_money"),
    Planted("NoTimeout", "sell", cell="create_charge#1:hang:after_commit", verdict="hung"),
    Planted("NoRetry", "sell", cell="create_charge#1:drop:after_commit", verdict="unreconciled"),
    Planted("NoRetryForgets", "sell", cell="create_charge#1:truncate:after_commit",
            verdict="lost_money", reconcile=True),
    Planted("CaptureFailureIgnored", "ship", cell="capture_charge#1:503:before_commit",
            verdict="lost_money"),
    Planted("RefundRecordedFirst", "give_back_part", cell="create_refund#1:500:before_commit",
            verdict="lost_money"),
    Planted("ProductionKey", "sell_encrypted", ("CLV021",)),
    Planted("CapturedTooLate", "ship", ("CLV016", "CLV017")),
    Planted("ExpiredTokenKept", "months", ("CLV022",)),
    Planted("RefreshTokenKept", "months", ("CLV023",)),
    Planted("EventNotAcknowledged", "sell", ("CLV024",), hook={"retry_after_ms": []}),
    Planted("ForgedEventAccepted", "sell", ("CLV025",), hook={}, signature="wrong"),
    Planted("EventProcessedTwice", "sell_and_listen", ("CLV026",), settings={"scenario": TWICE},
            cell="webhook_p_create#1:duplicate", verdict="lost_money"),
    Planted("RedirectTrusted", "hosted", ("CLV028",)),
    Planted("KeyOfTheCustomer", "subscribe", ("CLV029",)),
    Planted("PartialApprovalTaken", "sell", ("CLV030",), next="approve/500"),
    Planted("FirstPartKept", "split", ("CLV031",), fault=SECOND_DECLINED,
            cell="pay_order#2:decline", verdict="unreconciled"),
    Planted("AmountRoundedDown", "sell_lamp", ("CLV032",)),
    Planted("AmountInDollars", "sell_lamp", ("CLV032",)),
    Planted("OrderPaidInDollars", "kitchen", ("CLV032",)),
)  # fmt: skip

NODE_PLANTED = (
    Planted("sdk-as-it-is", "sell", ("CLV001", "CLV014", "CLV015"),
            cell="create_token#1:hang:after_commit", verdict="hung"),
    Planted("no-key", "sell", ("CLV001",),
            cell="create_charge#1:drop:after_commit", verdict="unreconciled"),
    Planted("new-key", "renew", ("CLV002",), fault=LOST_CHARGE,
            cell="create_charge#1:drop:after_commit", verdict="lost_money"),
    Planted("key-of-the-order", "secondCard", ("CLV003",)),
    Planted("new-refund-key", "giveBack", ("CLV005",), fault=LOST_REFUND,
            cell="create_refund#1:drop:after_commit", verdict="lost_money"),
    Planted("token-again", "secondCard", ("CLV006",)),
    Planted("amount-as-text", "sell", ("CLV010",)),
    Planted("misspelt", "cancel", ("CLV011",)),
    Planted("canceled-only-here", "cancel", ("CLV016",)),
    Planted("failure-ignored", "sell", cell="create_charge#1:decline", verdict="lost_money"),
)  # fmt: skip
"""The planted bugs of the Node shop."""
