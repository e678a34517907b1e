"""The control surface under /_mock: health, the OpenAPI document, and the means of a test."""

from mock_clover import __version__
from mock_clover.api.endpoint import Call, Document, Endpoint
from mock_clover.control import (
    checkouts,
    notices,
    proof,
    snapshots,
    steer,
    threeds,
    webhooks,
    worlds,
)
from mock_clover.control.worlds import control
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.wire.record import Record

_PROBES = ("readyz", "livez", "healthz")


class Health(Record, frozen=True, kw_only=True):
    """What a container's health check reads."""

    status: str
    version: str
    scenario: str


def health(sandbox: Sandbox, _call: Call[None, None]) -> Health:
    """Say that the server is ready, which it is once its key pair is made."""
    sandbox.keys.public_blob()
    return Health(status="ready", version=__version__, scenario=sandbox.rules.scenario.name)


def alive(sandbox: Sandbox, _call: Call[None, None]) -> Health:
    """Say that the server answers, whether or not it is ready."""
    return Health(status="alive", version=__version__, scenario=sandbox.rules.scenario.name)


def openapi(_sandbox: Sandbox, _call: Call[None, None]) -> Document:
    """Return the OpenAPI document of Clover's surface."""
    from mock_clover.api.openapi import document  # built, and imported, when it is asked for

    return Document(document())


def control_surface(sandboxes: Sandboxes) -> tuple[Endpoint, ...]:
    """Return all control endpoints of a server."""
    return (
        control("livez", "GET", "/livez", alive, Health),
        *(control(path[1:], "GET", path, health, Health) for path in ("/readyz", "/healthz")),
        control("health", "GET", "/_mock/health", health, Health),
        control("openapi", "GET", "/_mock/openapi.json", openapi, Record),
        *proof.ENDPOINTS,
        *notices.ENDPOINTS,
        *steer.endpoints(sandboxes),
        *worlds.endpoints(sandboxes),
        *snapshots.ENDPOINTS,
        *threeds.ENDPOINTS,
        *webhooks.ENDPOINTS,
        *checkouts.ENDPOINTS,
    )
