"""All endpoints of the control API, in one tuple."""

from collections.abc import Callable

from mock_clover.clover.checkout import control as checkouts
from mock_clover.clover.recurring import control as notices
from mock_clover.clover.threeds import control as threeds
from mock_clover.clover.webhooks import control as webhooks
from mock_clover.clover.webhooks import control_deliveries as deliveries
from mock_clover.control import audit, ca, clock, env, health, root_page, why
from mock_clover.control.capsule import endpoints as capsule
from mock_clover.control.faults import endpoints as faults
from mock_clover.control.faults import endpoints_next as next_payments
from mock_clover.control.journal import endpoints as journal
from mock_clover.control.journal import endpoints_exchange as exchange
from mock_clover.control.payments import endpoints as payments
from mock_clover.control.replay import endpoints as replay
from mock_clover.control.rows import endpoints as rows
from mock_clover.control.sandboxes import endpoints as sandboxes_of_server
from mock_clover.control.sandboxes import endpoints_activity as activity
from mock_clover.control.scenario import endpoints as scenario
from mock_clover.control.scenario import endpoints_editor as scenario_editor
from mock_clover.control.snapshot import endpoints as snapshot
from mock_clover.engine.endpoint import Endpoint
from mock_clover.sandbox.sandboxes import Sandboxes

CONTROL_ENDPOINTS: tuple[Endpoint, ...] = (
    *health.ENDPOINTS,
    *journal.ENDPOINTS,
    *exchange.ENDPOINTS,
    *replay.ENDPOINTS,
    *audit.ENDPOINTS,
    *next_payments.ENDPOINTS,
    *faults.ENDPOINTS,
    *why.ENDPOINTS,
    *rows.ENDPOINTS,
    *payments.ENDPOINTS,
    *notices.ENDPOINTS,
    *clock.ENDPOINTS,
    *env.ENDPOINTS,
    *threeds.ENDPOINTS,
    *webhooks.ENDPOINTS,
    *deliveries.ENDPOINTS,
    *checkouts.ENDPOINTS,
)
"""The control endpoints that need only the sandbox of the request."""


def server_endpoints(
    sandboxes: Sandboxes, may_open_dashboard: Callable[[dict[bytes, bytes]], bool]
) -> tuple[Endpoint, ...]:
    """Return the control endpoints that need all sandboxes of a server."""
    return (
        *root_page.endpoints(sandboxes, may_open_dashboard),
        *scenario.endpoints(sandboxes),
        *scenario_editor.endpoints(sandboxes),
        *ca.endpoints(sandboxes),
        *sandboxes_of_server.endpoints(sandboxes),
        *activity.endpoints(sandboxes),
        *snapshot.endpoints(sandboxes),
        *capsule.endpoints(sandboxes),
    )
