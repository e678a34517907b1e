"""Which module serves a control call, by the first two segments of its path; see api/places.py."""

from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from typing import Any

from mock_clover.api.dispatch import Place
from mock_clover.api.endpoint import Endpoint
from mock_clover.sandbox.sandboxes import Sandboxes

PLACES: dict[Place, str] = {
    ("livez",): "probes",
    ("readyz",): "probes",
    ("healthz",): "probes",
    ("_mock", "health"): "probes",
    ("_mock", "openapi.json"): "probes",
    ("_mock", "journal"): "proof exchanges",
    ("_mock", "verify"): "proof",
    ("_mock", "notices"): "notices",
    ("_mock", "clock"): "steer",
    ("_mock", "faults"): "steer",
    ("_mock", "scenario"): "steer editor",
    ("_mock", "why"): "steer",
    ("_mock", "sandboxes"): "worlds",
    ("_mock", "fork"): "worlds",
    ("_mock", "snapshot"): "snapshots",
    ("_mock", "threeds"): "threeds",
    ("3ds", "method"): "threeds",
    ("3ds", "notification"): "threeds",
    ("3ds", "challenge"): "threeds",
    ("_mock", "webhooks"): "webhooks",
    ("_mock", "deliveries"): "webhooks",
    ("_mock", "checkouts"): "checkouts",
    ("hosted", "checkout"): "checkouts",
    ("_mock", "rows"): "rows",
    ("_mock", "scenarios"): "editor",
    ("_mock", "env"): "vocabulary",
    ("_mock", "ca.pem"): "trust",
}
"""The names of modules; of several, parted by a space."""


def places(sandboxes: Sandboxes) -> dict[Place, Callable[[], Iterable[Endpoint]]]:
    """Return what imports the control calls of each place, bound to these sandboxes."""
    return {place: partial(_endpoints, name, sandboxes) for place, name in PLACES.items()}


def _endpoints(names: str, sandboxes: Sandboxes) -> Iterable[Endpoint]:
    made: list[Endpoint] = []
    for name in names.split():
        module: Any = import_module(f"mock_clover.control.{name}")
        made += module.ENDPOINTS if hasattr(module, "ENDPOINTS") else module.endpoints(sandboxes)
    return made
