"""Keep the control requests that change how later requests are answered, to repeat them."""

from msgspec.structs import replace

from mock_clover.core.record import Record, encode
from mock_clover.engine.endpoint import Endpoint
from mock_clover.engine.reply import Reply
from mock_clover.sandbox.history import KeptCall
from mock_clover.sandbox.sandbox import Sandbox

KEPT_CALLS = frozenset(
    {
        *("add_fault", "clear_faults", "delete_fault", "put_clock"),
        *("arm_next", "clear_next", "disarm_next"),
        *("resolve_threeds", "threeds_answer", "cancel_checkout"),
        *("put_webhook", "clear_webhooks", "delete_webhook", "verify_webhook"),
        *("send_webhook", "resend_delivery"),
    }
)
"""Names of endpoints. The scenario, a fork and a snapshot keep themselves (`sandbox/history.py`),
and a payment on the page of the hosted checkout is in the journal. None of these has card data."""
_CANCEL = "cancel_checkout"


def end_control_call(
    sandbox: Sandbox,
    endpoint: Endpoint,
    ids: tuple[str, ...],
    request: Record | None,
    reply: Reply,
) -> Reply:
    """Keep a request to a control endpoint or a page if it changed something; return its response.

    It makes no claim about Clover.
    """
    name, body = endpoint.name, request
    if name == "checkout_submit" and getattr(request, "do", None) == "cancel":
        name, body = _CANCEL, None  # the form of the page has fields of a card
    if reply.status < 400 and name in KEPT_CALLS:
        call = KeptCall(
            after=sandbox.journal.last_place,
            at_ms=sandbox.clock.now_ms(),
            name=name,
            ids=ids,
            body=b"" if body is None else encode(body),
        )
        sandbox.history.add_call(call)
    return replace(reply, evidence=None, basis=())
