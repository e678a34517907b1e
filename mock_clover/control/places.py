"""Map the first two path segments of each control call to its module; see clover/places.py."""

from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from typing import Any

from mock_clover.engine.endpoint import Endpoint
from mock_clover.engine.router import Place
from mock_clover.sandbox.sandboxes import Sandboxes

PLACES: dict[Place, str] = {
    ("livez",): "control.health",
    ("readyz",): "control.health",
    ("healthz",): "control.health",
    ("_mock", "health"): "control.health",
    ("_mock", "openapi.json"): "control.health",
    ("_mock", "journal"): "control.journal control.exchanges",
    ("_mock", "verify"): "control.journal",
    ("_mock", "notices"): "clover.recurring.control",
    ("_mock", "clock"): "control.steering",
    ("_mock", "faults"): "control.steering",
    ("_mock", "scenario"): "control.steering control.scenario_editor",
    ("_mock", "why"): "control.steering",
    ("_mock", "sandboxes"): "control.sandboxes",
    ("_mock", "fork"): "control.sandboxes",
    ("_mock", "snapshot"): "control.snapshots",
    ("_mock", "threeds"): "clover.threeds.control",
    ("3ds", "method"): "clover.threeds.control",
    ("3ds", "notification"): "clover.threeds.control",
    ("3ds", "challenge"): "clover.threeds.control",
    ("_mock", "webhooks"): "clover.webhooks.control",
    ("_mock", "deliveries"): "clover.webhooks.control",
    ("_mock", "checkouts"): "clover.checkout.control",
    ("hosted", "checkout"): "clover.checkout.control",
    ("_mock", "rows"): "control.rows",
    ("_mock", "scenarios"): "control.scenario_editor",
    ("_mock", "env"): "control.metadata",
    ("_mock", "ca.pem"): "control.ca",
}
"""Module names, separated by spaces."""


def lazy_loaders(sandboxes: Sandboxes) -> dict[Place, Callable[[], Iterable[Endpoint]]]:
    """Return a loader for the control calls of each place, bound to these sandboxes."""
    return {place: partial(_endpoints, name, sandboxes) for place, name in PLACES.items()}


def _endpoints(names: str, sandboxes: Sandboxes) -> Iterable[Endpoint]:
    endpoints: list[Endpoint] = []
    for name in names.split():
        module: Any = import_module(f"mock_clover.{name}")
        endpoints += (
            module.ENDPOINTS if hasattr(module, "ENDPOINTS") else module.endpoints(sandboxes)
        )
    return endpoints
