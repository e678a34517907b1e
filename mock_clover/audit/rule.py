"""A rule of the audit, as one declaration."""

from collections.abc import Callable, Iterable, Iterator

from mock_clover.audit.context import AuditContext
from mock_clover.audit.records import AuditSeverity
from mock_clover.core.counted import counted
from mock_clover.core.record import Value
from mock_clover.sandbox.exchange import Exchange


class RuleHit(Value, frozen=True, kw_only=True):
    """One place where a rule is broken."""

    message: str
    exchanges: tuple[Exchange, ...]
    subject: str
    """What it is about, without ids."""


Hits = Iterator[RuleHit | None]
"""What a rule finds; at a None, other requests are handled."""


class AuditRule(Value, frozen=True, kw_only=True):
    """A mistake that can be seen in the journal."""

    id: str
    name: str
    severity: AuditSeverity
    wrong: str
    """What is wrong."""
    cost: str
    """What it costs."""
    fix: str
    legitimate: str
    """The similar case that the rule does not report."""
    source: str
    """Where Clover or the network of the card says so."""
    find: Callable[[AuditContext], Hits]


def grouped(exchanges: Iterable[Exchange], subject: Callable[[Exchange], str], text: str) -> Hits:
    """Yield one hit for each subject: `text` follows the number of requests and the subject."""
    groups: dict[str, list[Exchange]] = {}
    for exchange in exchanges:
        groups.setdefault(subject(exchange), []).append(exchange)
        yield None
    for name, found in groups.items():
        message = f"{name}: {counted(len(found), 'request')} {text}"
        yield RuleHit(message=message, exchanges=tuple(found), subject=name)
