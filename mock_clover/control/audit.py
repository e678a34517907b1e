"""Control endpoints that judge an integration: the ledger of the payments."""

from mock_clover.control.endpoint import control_endpoint
from mock_clover.core.steps import Steps, Work
from mock_clover.engine.endpoint import Call, Endpoint, LongResult
from mock_clover.ledger.records import Ledger
from mock_clover.sandbox.sandbox import Sandbox


def ledger(sandbox: Sandbox, _: Call[None, None]) -> LongResult:
    """Return the ledger: what each payment moved, what the client was told, and what stands."""
    return Work(_ledger(sandbox))


def _ledger(sandbox: Sandbox) -> Steps[Ledger]:
    from mock_clover.ledger.build import build_ledger

    return (yield from build_ledger(sandbox))


ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint("ledger", "GET", "/_mock/ledger", ledger, Ledger),
)
"""The code of these operations is imported with the first request."""
