"""The steps of a repeated run: which requests are repeated, in which order, and their results."""

from typing import Literal, NamedTuple

from mock_clover.conformance.compare import Difference
from mock_clover.control.capsule.records import DELAY, CapsuleExchange, CapsuleStep
from mock_clover.control.capsule.steps import CARD_OPERATIONS
from mock_clover.engine.unknown_path import CONTROL_PATH

WEBHOOKS = "webhooks"
"""The title of the last result, that of all deliveries."""
NOT_REPEATED = "the state before it is not known"
_NO_EFFECT = (401, 429)
"""Statuses that a token request gets before its card is looked at."""


class ReplayError(Exception):
    """The run cannot be repeated; the message says why."""


class ReplayedStep(NamedTuple):
    """The result of one step."""

    number: int
    """That of the exchange; of a control request, that of the exchange before it."""
    title: str
    state: Literal["same", "different", "not_compared", "done"]
    """done: a control request, which has no response to compare."""
    reason: str = ""
    merchant: str = ""
    """The name of the merchant; empty for the first one."""
    differences: tuple[Difference, ...] = ()


def step_compared(number: int, title: str, differences: tuple[Difference, ...]) -> ReplayedStep:
    """Return the result of a comparison."""
    state: Literal["same", "different"] = "different" if differences else "same"
    return ReplayedStep(number=number, title=title, state=state, differences=differences)


class DelayedRequest(NamedTuple):
    """A request that a fault delayed before it was handled, and when it began."""

    begin_ms: int
    merchant: str
    exchange: CapsuleExchange


def delayed_requests(steps: tuple[CapsuleStep, ...]) -> list[DelayedRequest]:
    """Return the requests that others may have overtaken, by the time at which they began.

    On a frozen clock, the time does not tell which request began first.
    """
    found = []
    before_ms: dict[str, int] = {}
    for step in steps:
        recorded = step.exchange
        if (
            recorded is not None
            and recorded.reply.fault == DELAY
            and step.at_ms > before_ms.get(step.merchant, 0)
        ):
            begin_ms = step.at_ms - recorded.reply.delay_ms
            found.append(DelayedRequest(begin_ms, step.merchant, recorded))
        before_ms[step.merchant] = step.at_ms
    return sorted(found, key=lambda each: each.begin_ms)


def why_not_repeated(recorded: CapsuleExchange) -> str:
    """Return why a request is not repeated, or an empty text."""
    if recorded.endpoint in CARD_OPERATIONS and recorded.token is None:
        reply = recorded.reply
        is_known = reply.why.startswith("fault: ") or reply.status in _NO_EFFECT
        return "" if is_known else recorded.masked
    if recorded.path.startswith(CONTROL_PATH):
        return "requests to the control API are steps of their own"
    return recorded.masked if "too long" in recorded.masked else ""
