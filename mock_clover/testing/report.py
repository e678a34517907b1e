"""Texts for failed tests: the journal of the sandbox and failed verifications."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mock_clover.core.printable import printable
from mock_clover.testing.transport import MockCloverError, request_json

if TYPE_CHECKING:
    from mock_clover.testing.handle import MockClover

__tracebackhide__ = True

_LINES_MAX = 50
_MOVES_MAX, _SECOND_MS = 5, 1_000
_BODY_CHARS_MAX = 160
_EXPECTED = "expected"


def report_text(clover: "MockClover") -> str:
    """Return what a failure report shows of a sandbox. Never raises.

    These are the newest journal entries, the webhook deliveries that failed, the faults and
    outcomes that did not apply to any request, and by how much the clock was advanced.
    """
    try:
        exchanges = clover.journal(limit=_LINES_MAX)
        deliveries = clover.deliveries(limit=_LINES_MAX)
        faults = clover.unused_faults()
        path = urlsplit(clover.url).path.rstrip("/")
        armed = request_json(clover.transport, "GET", f"{path}/_mock/next")["data"]
        moves = request_json(clover.transport, "GET", f"{path}/_mock/clock/moves")["data"]
    except MockCloverError as error:
        return f"(journal not available: {error})"
    lines = [exchange_line(exchange) for exchange in exchanges]
    if exchanges and exchanges[0]["id"] > 1:
        lines.insert(0, f"({exchanges[0]['id'] - 1} earlier entries)")
    lines = lines or ["(no requests)"]
    lines += [f"webhook {delivery_line(each)}" for each in deliveries if _is_unsent(each)]
    for each in faults:
        where = each["fault"].get("endpoint") or "any operation"
        lines.append(f"{each['id']} ({each['fault']['kind']}, {where}) did not apply to a request")
    for each in armed:
        what = each.get("outcome") or each.get("fault")
        lines.append(f"{each['id']} ({what}, {each['left']} left) waits for the next payment")
    moves_ms = [each["to_ms"] - each["from_ms"] for each in moves[-_MOVES_MAX:]]
    lines += [f"the clock advanced by {_duration_text(by_ms)}" for by_ms in moves_ms if by_ms]
    return "\n".join(lines)


def _duration_text(duration_ms: int) -> str:
    is_short = duration_ms < _SECOND_MS
    return f"{duration_ms} ms" if is_short else str(timedelta(milliseconds=duration_ms))


def _is_unsent(delivery: dict[str, Any]) -> bool:
    return delivery["state"] != "delivered" or len(delivery["attempts"]) > 1


def delivery_line(delivery: dict[str, Any]) -> str:
    """Return one webhook delivery as text: event, target, state, and the result of each attempt."""
    results = [each.get("error") or each.get("status") for each in delivery["attempts"]]
    parts = [f"{delivery['id']} {delivery.get('event') or delivery['about']} to"]
    parts += [f"{delivery['target']}: {delivery['state']}"]
    shown = " ".join(parts)
    return printable(f"{shown} ({'; '.join(map(str, results))})" if results else shown)


def exchange_line(exchange: dict[str, Any]) -> str:
    """Return one journal entry as text: request, status, reason, fault, idempotency and bodies."""
    result = "lost" if exchange["outcome"] == "lost" else exchange["status"]
    parts = [
        f"#{exchange['id']} {exchange['method']} {exchange['path']} {result}",
        exchange["why"],
    ]
    if exchange.get("fault") and "fault: " not in exchange["why"]:
        parts.append(f"fault: {exchange['fault']}")
    if exchange.get("idempotency"):
        parts.append(f"idempotency key {exchange['idempotency']}")
    parts += [f"ignored {each}" for each in exchange.get("ignored") or ()]
    if exchange.get("request"):
        parts.append(f"request {_short_json(exchange['request'])}")
    if exchange["outcome"] != "ok" and exchange.get("reply"):
        parts.append(f"response {_short_json(exchange['reply'])}")
    return printable(" | ".join(parts))


def verification_failure(query: dict[str, Any], result: dict[str, Any]) -> str:
    """Describe a failed verification and list the closest requests."""
    operation = query.get("endpoint") or (
        "these requests" if query.get("in_order") else "any operation"
    )
    condition = f" with {_short_json(_mask_match(query['match']))}" if query.get("match") else ""
    lines = [f"{operation}{condition}: {result.get('message')}"]
    for miss in result.get("nearest") or ():
        differs = "; ".join(
            f"{name} was {_short_json(sides.get('was'))}, "
            f"{_EXPECTED} {_short_json(sides.get(_EXPECTED))}"
            for name, sides in miss["differs"].items()
        )
        lines.append(f"  nearest: #{miss['id']} {miss['endpoint']}: {differs}")
    return "\n".join(map(printable, lines))


def _mask_match(match: dict[str, Any]) -> dict[str, Any]:
    """Mask card numbers in `match`, because failures get into logs."""
    from mock_clover.core.masking import redact
    from mock_clover.sandbox.masking import masked_value

    return {redact(path): masked_value(path, value) for path, value in match.items()}


def _short_json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= _BODY_CHARS_MAX else f"{text[:_BODY_CHARS_MAX]}…"
