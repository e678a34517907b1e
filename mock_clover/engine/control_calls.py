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
and so do the requests that they journal, such as a repeated one. None of these has card data."""
CARD_CALLS = frozenset({"pay_checkout", "checkout_submit"})
"""Payments on the page of the hosted checkout: only that they were is kept, not the card."""


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
    name = endpoint.name
    if reply.status < 400 and (name in KEPT_CALLS or name in CARD_CALLS):
        body = b"" if request is None or name in CARD_CALLS else encode(request)
        call = KeptCall(
            after=sandbox.journal.count,
            at_ms=sandbox.clock.now_ms(),
            name=name,
            ids=ids,
            body=body,
        )
        sandbox.history.add_call(call)
    return replace(reply, evidence=None, basis=())
