"""The control surface, as a tuple that can be read: what a real Clover does not have.

A server does not import it: it finds these calls by `places.py`, a module with its first call.
"""

from mock_clover.clover.checkout import control as checkouts
from mock_clover.clover.recurring import control as notices
from mock_clover.clover.threeds import control as threeds
from mock_clover.clover.webhooks import control as webhooks
from mock_clover.control import ca as trust
from mock_clover.control import exchanges, rows, snapshots
from mock_clover.control import health as probes
from mock_clover.control import journal as proof
from mock_clover.control import metadata as vocabulary
from mock_clover.control import sandboxes as worlds
from mock_clover.control import scenario_editor as editor
from mock_clover.control import steering as steer
from mock_clover.engine.endpoint import Endpoint
from mock_clover.sandbox.sandboxes import Sandboxes


def control_surface(sandboxes: Sandboxes) -> tuple[Endpoint, ...]:
    """Return all control endpoints of a server."""
    return (
        *probes.ENDPOINTS,
        *proof.ENDPOINTS,
        *exchanges.ENDPOINTS,
        *rows.ENDPOINTS,
        *notices.ENDPOINTS,
        *steer.endpoints(sandboxes),
        *editor.endpoints(sandboxes),
        *vocabulary.ENDPOINTS,
        *trust.endpoints(sandboxes),
        *worlds.endpoints(sandboxes),
        *snapshots.ENDPOINTS,
        *threeds.ENDPOINTS,
        *webhooks.ENDPOINTS,
        *checkouts.ENDPOINTS,
    )
