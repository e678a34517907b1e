"""One exchange of the journal: its changes, the rule that determined it, and its replays."""

from typing import Any

import msgspec

from mock_clover.control.endpoint import control_endpoint
from mock_clover.control.masking import masked_key, masked_row
from mock_clover.control.payments.endpoints import payment_of
from mock_clover.control.replay.code import CodeSamples, code_samples
from mock_clover.control.replay.code_source import CodeSource
from mock_clover.control.replay.curl import curl_command
from mock_clover.control.replay.endpoints import find_exchange
from mock_clover.control.replay.repeat import (
    RepeatPlan,
    body_to_repeat,
    has_masked_numbers,
    is_masked,
    repeat_plan,
)
from mock_clover.control.replay.template import RequestTemplate, template_of
from mock_clover.core.masking import redact
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint, sandbox_base_url
from mock_clover.engine.overrides import OVERRIDE_PREFIXES
from mock_clover.sandbox.changes import Change
from mock_clover.sandbox.exchange import Exchange, ExchangeSummary, mask_exchange
from mock_clover.sandbox.sandbox import Sandbox

CHANGES_SHOWN_MAX = 200
"""Per exchange: advancing the clock by ten years with a daily subscription makes thousands."""


class DecidingRule(Record, frozen=True, kw_only=True):
    """What determined the outcome of a request, and why it applied."""

    name: str
    because: str


class RowChange(Record, frozen=True, kw_only=True):
    """One row before and after; null if it was created or deleted."""

    table: str
    id: str
    before: Any
    after: Any
    cause: str
    """`call`, or the job or control request that changed the row since the previous exchange."""


class ExchangeResponse(Record, frozen=True, kw_only=True):
    """One exchange with its details."""

    exchange: ExchangeSummary
    rule: DecidingRule | None
    changes: tuple[RowChange, ...]
    noted: bool
    """Whether `changes` is complete; recording starts with the first use of the live journal."""
    curl: str | None
    """A command that repeats the request; credentials are variables of `mock-clover env`."""
    code: CodeSamples | None
    """The same in other languages."""
    template: RequestTemplate | None
    """The request, to edit and send it with `POST /_mock/send`; null if it is not stored."""
    replayable: bool
    replay_of: int | None
    """The exchange that this one repeats."""
    replays: tuple[int, ...]
    """The stored exchanges that repeat this one."""
    payment: str | None
    """The id of the payment that it is about, for `GET /_mock/payments/{id}`."""
    hint: str | None
    """What the response or a replay omits, and why."""


def get_exchange(sandbox: Sandbox, call: Call[None, None]) -> ExchangeResponse:
    """Return one exchange: its changes, the rule that determined its outcome, and a command."""
    exchange = find_exchange(sandbox, call.ids[0])
    plan = repeat_plan(exchange)
    template = template_of(sandbox, exchange, plan)
    source = None if template is None else _code_source(sandbox, call, exchange, template)
    sandbox.enable_change_recording()
    changes = sandbox.changes.for_exchange(exchange.number)
    hints = list(filter(None, [plan.obstacle, *_omissions(exchange, plan)]))
    noted = exchange.method == "GET" or sandbox.changes.is_complete_for(exchange.number)
    if not noted:
        hints.append(_why_not_recorded(sandbox, exchange))
    if len(changes) > CHANGES_SHOWN_MAX:
        hints.append(f"only the last {CHANGES_SHOWN_MAX} of {len(changes)} changes are shown")
    return ExchangeResponse(
        exchange=mask_exchange(exchange),
        rule=_deciding_rule(sandbox, exchange),
        changes=tuple(map(_change_response, changes[-CHANGES_SHOWN_MAX:])),
        noted=noted,
        curl=None if source is None else curl_command(source),
        code=None if source is None else code_samples(source),
        template=template,
        replayable=not plan.obstacle,
        replay_of=sandbox.journal.origins.get(exchange.number),
        replays=sandbox.journal.replays_of(exchange.number),
        payment=payment_of(sandbox, exchange, plan.ids),
        hint="; ".join(hints) or None,
    )


def _why_not_recorded(sandbox: Sandbox, exchange: Exchange) -> str:
    """Return why the changes of an exchange are unknown or incomplete."""
    if exchange.number <= sandbox.changes.started_after:
        return "its changes were not recorded; recording starts when the live journal is first used"
    return "some or all of its changes are no longer stored"


def _omissions(exchange: Exchange, plan: RepeatPlan) -> list[str]:
    """Return what a replay omits, and what the command does not show."""
    if plan.obstacle:
        return []
    hints = []
    if has_masked_numbers(exchange):
        hints.append("card numbers are masked in the command")
    if is_masked(body_to_repeat(exchange).decode()) or is_masked(exchange.query):
        hints.append("card numbers and secrets are masked in the replay")
    return hints


def _code_source(
    sandbox: Sandbox, call: Call[Any, Any], exchange: Exchange, template: RequestTemplate
) -> CodeSource:
    return CodeSource(
        template=template,
        base_url=sandbox_base_url(sandbox, call),
        credentials=sandbox.credentials,
        operation=exchange.endpoint,
        status=exchange.status,
        why=exchange.why,
        scenario=sandbox.rules.scenario.name,
    )


def _change_response(change: Change) -> RowChange:
    return RowChange(
        table=change.table,
        id=masked_key(change.table, change.key),
        before=masked_row(change.before),
        after=masked_row(change.after),
        cause=change.cause,
    )


def _deciding_rule(sandbox: Sandbox, exchange: Exchange) -> DecidingRule | None:
    """Return the rule, card, text, header or fault that determined the outcome, or None."""
    why, rules = exchange.why, sandbox.rules
    for index, rule in enumerate(rules.scenario.rules):
        name = rules.name_of(index)
        if name in why:
            return DecidingRule(
                name=redact(name), because=_describe_conditions(msgspec.to_builtins(rule.when))
            )
    if why.startswith(OVERRIDE_PREFIXES):
        return DecidingRule(name=redact(why), because="it overrides all rules")
    if exchange.fault:
        return DecidingRule(name=f"fault: {exchange.fault}", because="the fault was active")
    if f"{rules.scenario.name}: " in why:
        return DecidingRule(name=redact(why), because="the scenario lists the card")
    return None


def _describe_conditions(when: dict[str, Any]) -> str:
    """Return the conditions of a rule as text; shorten a card number to its last four digits."""
    texts = []
    for name, value in when.items():
        for inner, expected in value.items() if isinstance(value, dict) else [("", value)]:
            text = f"...{expected[-4:]}" if (name, inner) == ("card", "number") else expected
            texts.append(f"{name}.{inner} is {text}" if inner else f"{name} is {text}")
    return redact(", ".join(texts)) or "the rule has no conditions"


ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint("get_exchange", "GET", "/_mock/journal/{id}", get_exchange, ExchangeResponse),
)
