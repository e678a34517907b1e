"""All endpoints of the control API, in one tuple."""

from mock_clover.clover.checkout import control as checkouts
from mock_clover.clover.recurring import control as notices
from mock_clover.clover.threeds import control as threeds
from mock_clover.clover.webhooks import control as webhooks
from mock_clover.control import (
    ca,
    exchanges,
    health,
    journal,
    metadata,
    root_page,
    rows,
    scenario_editor,
    snapshots,
    steering,
)
from mock_clover.control import sandboxes as sandbox_calls
from mock_clover.engine.endpoint import Endpoint
from mock_clover.sandbox.sandboxes import Sandboxes


def all_control_endpoints(sandboxes: Sandboxes) -> tuple[Endpoint, ...]:
    """Return all control endpoints of a server."""
    return (
        *root_page.endpoints(sandboxes),
        *health.ENDPOINTS,
        *journal.ENDPOINTS,
        *exchanges.ENDPOINTS,
        *rows.ENDPOINTS,
        *notices.ENDPOINTS,
        *steering.endpoints(sandboxes),
        *scenario_editor.endpoints(sandboxes),
        *metadata.ENDPOINTS,
        *ca.endpoints(sandboxes),
        *sandbox_calls.endpoints(sandboxes),
        *snapshots.endpoints(sandboxes),
        *threeds.ENDPOINTS,
        *webhooks.ENDPOINTS,
        *checkouts.ENDPOINTS,
    )
