"""The control surface, as a tuple that can be read: what a real Clover does not have.

A server does not import it: it finds these calls by `places.py`, a module with its first call.
"""

from mock_clover.api.endpoint import Endpoint
from mock_clover.control import (
    checkouts,
    editor,
    exchanges,
    notices,
    probes,
    proof,
    rows,
    snapshots,
    steer,
    threeds,
    trust,
    vocabulary,
    webhooks,
    worlds,
)
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
