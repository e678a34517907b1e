"""The control surface: health, the OpenAPI document, the journal. It looks and changes nothing."""

from typing import Annotated

from mock_clover import __version__
from mock_clover.api.endpoint import Call, Document, Endpoint
from mock_clover.sandbox.journal import Shown, shown
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.wire.fact import inferred, told
from mock_clover.wire.record import Record

_OURS = inferred("of this mock, not of Clover")


class Health(Record, frozen=True, kw_only=True):
    """What a container's health check reads."""

    status: str
    version: str
    scenario: str


def health(sandbox: Sandbox, _call: Call[None, None]) -> Health:
    """Say that the server is ready, which it is once its key pair is made."""
    sandbox.keys.public_blob()
    return Health(status="ready", version=__version__, scenario=sandbox.rules.scenario.name)


class JournalQuery(Record, frozen=True, kw_only=True):
    """Query of the journal."""

    endpoint: Annotated[str, told("Operation name.", _OURS)] | None = None
    status: Annotated[int, told("HTTP status.", _OURS)] | None = None
    limit: Annotated[int, told("Newest so many.", _OURS, ge=1, le=1_000)] = 100


class JournalAnswer(Record, frozen=True, kw_only=True):
    """Exchanges, oldest first."""

    data: tuple[Shown, ...]


def journal(sandbox: Sandbox, call: Call[None, JournalQuery]) -> JournalAnswer:
    """Return the newest exchanges of this sandbox, card numbers masked."""
    asked = call.query
    found = [
        exchange
        for exchange in sandbox.journal
        if asked.endpoint in (None, exchange.endpoint) and asked.status in (None, exchange.status)
    ]
    return JournalAnswer(data=tuple(shown(exchange) for exchange in found[-asked.limit :]))


def openapi(_sandbox: Sandbox, _call: Call[None, None]) -> Document:
    """Return the OpenAPI document of Clover's surface."""
    from mock_clover.api.openapi import document  # built, and imported, when it is asked for

    return Document(document())


def _health(path: str, name: str) -> Endpoint:
    return Endpoint(
        name=name,
        method="GET",
        path=path,
        run=health,
        auth="none",
        gives=Health,
        fact=_OURS,
        silent=True,
    )


CONTROL: tuple[Endpoint, ...] = (
    _health("/readyz", "readyz"),
    _health("/livez", "livez"),
    _health("/healthz", "healthz"),
    _health("/_mock/health", "health"),
    Endpoint(
        name="openapi",
        method="GET",
        path="/_mock/openapi.json",
        run=openapi,
        auth="none",
        gives=Record,
        fact=_OURS,
        silent=True,
    ),
    Endpoint(
        name="journal",
        method="GET",
        path="/_mock/journal",
        run=journal,
        auth="none",
        query=JournalQuery,
        gives=JournalAnswer,
        fact=_OURS,
        silent=True,
    ),
)
