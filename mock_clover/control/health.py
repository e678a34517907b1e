"""Health probes and the OpenAPI document."""

from mock_clover import __version__
from mock_clover.control.endpoint import control_endpoint
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, EncodedJson, Endpoint
from mock_clover.sandbox.sandbox import Sandbox


class Health(Record, frozen=True, kw_only=True):
    """The response of a health check."""

    status: str
    version: str
    scenario: str
    failed_jobs: int = 0
    """Scheduled jobs of the sandbox that failed; `GET /_mock/clock` lists them."""


def health(sandbox: Sandbox, _call: Call[None, None]) -> Health:
    """Return when the server is ready, that is, when its key pair is loaded."""
    sandbox.keys.public_blob()
    return Health(
        status="ready",
        version=__version__,
        scenario=sandbox.rules.scenario.name,
        failed_jobs=sum(each.scheduler.failed_count for each in sandbox.all_merchants),
    )


def alive(sandbox: Sandbox, _call: Call[None, None]) -> Health:
    """Return immediately, even if the server is not ready."""
    return Health(status="alive", version=__version__, scenario=sandbox.rules.scenario.name)


def openapi(_sandbox: Sandbox, _call: Call[None, None]) -> EncodedJson:
    """Return the OpenAPI document of the Clover API."""
    from mock_clover.reference.openapi import document  # noqa: PLC0415 - only for this document

    return EncodedJson(document())


ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint("livez", "GET", "/livez", alive, Health),
    *(control_endpoint(path[1:], "GET", path, health, Health) for path in ("/readyz", "/healthz")),
    control_endpoint("health", "GET", "/_mock/health", health, Health),
    control_endpoint("openapi", "GET", "/_mock/openapi.json", openapi, Record),
)
