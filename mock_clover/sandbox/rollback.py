"""Undo what a scheduled job has changed in its sandbox, if it raises an error.

A request raises its error before its first write. A job has no client that would repeat it, and it
writes several rows: an error between them must not leave, for example, a charge without its
payment.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from mock_clover.sandbox.changes import RECORDED_TABLES, Changes
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.tables import TABLES


class _RowLog:
    """The rows before each write, and the recorded changes of a sandbox, to which it adds them."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._rows: list[tuple[str, str, Any]] = []

    def record(self, table: str, key: str, before: object, after: object) -> None:
        """Note a write, as `Changes.record` does."""
        self._rows.append((table, key, before))
        if self._changes.enabled and table in RECORDED_TABLES:
            self._changes.record(table, key, before, after)

    def undo(self, sandbox: Sandbox) -> None:
        """Restore the rows. A job deletes none, so their order stays."""
        for name, key, before in reversed(self._rows):
            if before is None:
                getattr(sandbox, name).delete(key)
            else:
                getattr(sandbox, name).put(key, before)
        if self._changes.enabled:
            self._changes.forget(sum(name in RECORDED_TABLES for name, _, _ in self._rows))


@contextlib.contextmanager
def undone_on_error(sandbox: Sandbox) -> Iterator[None]:
    """Undo all that is done in the context if it raises. Ids that it generated are not reused."""
    rows, journal, scheduler = _RowLog(sandbox.changes), sandbox.journal, sandbox.scheduler
    exchanges, jobs, notices = journal.count, scheduler.count, sandbox.notices.count
    rule_counts, outcomes = dict(sandbox.rule_counts), sandbox.armed.outcomes
    outbox = None if sandbox.outbox is None else sandbox.outbox.copy()
    for name in TABLES:
        getattr(sandbox, name).record_changes_in(rows, name)
    try:
        yield
    except Exception:
        _end_recording(sandbox, enabled=False)
        rows.undo(sandbox)
        journal.forget_after(exchanges)
        scheduler.forget_after(jobs)
        sandbox.notices.forget_after(notices)
        sandbox.rule_counts, sandbox.armed.outcomes = rule_counts, outcomes
        if sandbox.outbox is not None and outbox is not None:
            sandbox.outbox.restore(outbox)
        raise
    finally:
        _end_recording(sandbox, enabled=sandbox.changes.enabled)


def _end_recording(sandbox: Sandbox, *, enabled: bool) -> None:
    """Record changes as before the context, or not at all."""
    for name in TABLES:
        is_recorded = enabled and name in RECORDED_TABLES
        getattr(sandbox, name).record_changes_in(sandbox.changes if is_recorded else None, name)
