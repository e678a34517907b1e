"""The control requests that are kept for a capsule are bounded, in number and in bytes."""

import pytest

from mock_clover.sandbox import history
from mock_clover.sandbox.history import BYTES_MAX, CALLS_MAX, History, KeptCall, ScenarioChange
from tests.in_process import InProcessServer

CALL = KeptCall(after=0, at_ms=0, name="put_clock", ids=(), body=b"")


@pytest.mark.parametrize(
    ("size", "kept"), [(0, CALLS_MAX), (BYTES_MAX // 2, 3), (BYTES_MAX + 1, 1)]
)
def test_kept_requests_are_bounded(server: InProcessServer, size: int, kept: int) -> None:
    rules, settings = server.sandbox.rules, server.sandbox.settings
    change = ScenarioChange(after=0, at_ms=0, rules=rules, settings=settings, size=size)
    kept_calls = History()
    for _ in range(CALLS_MAX):
        kept_calls.add_scenario(change, rules, settings)
    kept_calls.add_call(CALL)
    assert len(kept_calls.calls) == kept
    assert kept_calls.lost == CALLS_MAX + 1 - kept


def test_an_applied_scenario_counts_with_its_size(
    server: InProcessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"name": "mine", "extends": "declines"}
    assert server.send("PUT", "/_mock/scenario", body).status == 200
    (change,) = server.sandbox.history.calls
    monkeypatch.setattr(history, "BYTES_MAX", change.size)
    server.send("PUT", "/_mock/scenario", body)
    assert (len(server.sandbox.history.calls), server.sandbox.history.lost) == (1, 1)
