"""Collect every claim about Clover with its evidence level, as table rows.

The evidence is declared with the operations, fields, errors and behaviours; this module only
reads it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, get_args, get_type_hints

import msgspec

from mock_clover.clover.common.behaviours import BEHAVIOURS
from mock_clover.clover.common.known_differences import (
    KNOWN_DIFFERENCES,
    UNKNOWNS,
    KnownDifference,
    Unknown,
)
from mock_clover.clover.surface import SURFACE
from mock_clover.clover.webhooks.records_event import WEBHOOKS
from mock_clover.core.evidence import Evidence, EvidenceLevel, evidence_of
from mock_clover.core.record import Record
from mock_clover.engine.error_format import ErrorEnvelope, StatusBody
from mock_clover.reference.openapi import problem_rows, route_rows
from mock_clover.scenario.records import Scenario

EVIDENCE_LEVELS: tuple[EvidenceLevel, ...] = get_args(EvidenceLevel)

SOURCES: dict[str, str] = {
    "REF": "docs.clover.com/reference, page with this name",
    "MD": "docs.clover.com/docs, page with this name, exported in 2023 and 2024",
    "DOCS": "docs.clover.com/docs, page with this name, up to 2026",
    "SEED": "three tutorials of docs.clover.com: card token, accepting payments, saving a card",
    "OAS-TOK": "Clover's OpenAPI document of the token host",
    "AE": "api-evangelist/clover, an OpenAPI document generated from Clover's reference in 2026",
    "AROUND": "several public sources, cross-checked; the number is a section of our notes",
    "3DS SDK page": "docs.clover.com/docs, page of the 3DS SDK, 2024",
    "iframe page": "docs.clover.com/docs, pages of the hosted iframe and its wallets, 2024",
    "WeeConnectPay": "a public plugin for WooCommerce that uses the iframe",
    "sanqin888": "a public shop with Apple Pay and Google Pay, in use in Canada",
    "TransArmor page": "docs.clover.com/docs, page of TransArmor tokens, 2024",
    "NODE": "clover-ecomm-sdk 1.0.0, Clover's SDK for Node, about 2020",
    "PY": "Clover's ecomm-SDK-python with its fixtures, 2019",
    "GP": "goparrot/clover-api-client, its tests of 2021 and 2022",
    "WOO": "Clover's own plugin for WooCommerce, 1.0.12",
    "KES": "Kestrel's plugin for WooCommerce, 2022 to 2024",
    "CCL": "a public client with a copied sandbox response, 2023",
    "PHP21": "a public client with copied responses, 2021",
    "CC": "community.clover.com, question with this number",
    "E2E": "a public end-to-end test against the real sandbox, 2026",
    "PayHub": "salmanpatnee/payhub, tests and notes on sandbox responses of September 2026",
    "LiveCloverClient": "a public client with notes on sandbox responses of 2026",
    "bypassmobile": "help page of a point-of-sale software vendor that uses Clover",
    "clover_sandbox_simulator": "dan1d/clover_sandbox_simulator, responses recorded in 2026",
    "CloverSDK": "Clover's own SDK for iOS, its table of paths, 2016",
    "mbates/clover": "a public client that verifies the signatures of webhooks",
    "clover-mcp-server": "a public MCP server for Clover, with findings on the sandbox of 2026",
    "thalamus": "a public OAuth v2 client, tested against the sandbox",
    "ottstream": "a public client that handles Clover's statuses",
}
"""Sources by key."""


class RecordField(NamedTuple):
    """A field of a record that a client sends or receives."""

    record: type[Record]
    name: str
    evidence: Evidence | None


def records() -> tuple[type[Record], ...]:
    """Return all records used in requests and responses, with nested ones."""
    collected: dict[type[Record], None] = {}
    roots: list[Any] = [
        record
        for endpoint in SURFACE
        for record in (endpoint.request, endpoint.query, endpoint.response)
        if record
    ]
    for record in (*roots, ErrorEnvelope, StatusBody, *(hook.request for hook in WEBHOOKS)):
        _collect_nested(record, collected)
    return tuple(collected)


def _collect_nested(record: type[Record], collected: dict[type[Record], None]) -> None:
    if record not in collected:
        collected[record] = None
        for hint in get_type_hints(record, include_extras=True).values():
            for inner in _records_in(hint):
                _collect_nested(inner, collected)


def _records_in(hint: Any) -> Iterator[type[Record]]:
    if isinstance(hint, type) and issubclass(hint, Record):
        yield hint
    for part in get_args(hint):
        yield from _records_in(part)


def record_fields() -> Iterator[RecordField]:
    """Yield all fields of all records."""
    for record in records():
        for field in msgspec.structs.fields(record):
            yield RecordField(record, field.encode_name, evidence_of(record, field.name))


def fidelity(scenario: Scenario) -> dict[str, Any]:
    """Return all claims about Clover by kind, with the cards of a scenario."""
    claims: dict[str, list[dict[str, Any]]] = {
        "operations": [
            {key: row[key] for key in ("name", "about", "evidence", "source")}
            for row in route_rows()
        ],
        "behaviours": [
            {
                "name": behaviour.name,
                "about": behaviour.description,
                "setting": behaviour.setting,
                **_evidence(behaviour.evidence),
            }
            for behaviour in BEHAVIOURS
        ],
        "errors": [
            {key: row[key] for key in ("name", "status", "message", "evidence", "source")}
            for row in problem_rows()
        ],
        "fields": [
            {"record": field.record.__name__, "name": field.name, **_evidence(field.evidence)}
            for field in record_fields()
        ],
        "webhooks": [
            {"name": hook.name, "about": hook.about, **_evidence(hook.evidence)}
            for hook in WEBHOOKS
        ],
        "cards": [
            {"name": card.label, "evidence": card.evidence, "source": card.source or ""}
            for card in scenario.cards
        ],
    }
    return {
        "counts": {kind: _count_levels(rows) for kind, rows in claims.items()},
        **claims,
        "differences": [_difference(each) for each in KNOWN_DIFFERENCES],
        "unknown": [_difference(each) for each in UNKNOWNS],
        "sources": [{"key": key, "about": about} for key, about in SOURCES.items()],
    }


def _difference(item: KnownDifference | Unknown) -> dict[str, str]:
    return {"about": item.topic, "mock_behaviour": item.description}


def _evidence(evidence: Evidence | None) -> dict[str, str]:
    if evidence is None:
        return {"evidence": "", "source": ""}
    return {"evidence": evidence.level, "source": evidence.source}


def _count_levels(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {level: sum(row["evidence"] == level for row in rows) for level in EVIDENCE_LEVELS}
