"""What a failed test shows: its sandbox's journal, and why a verification missed."""

import json
from typing import TYPE_CHECKING, Any

from mock_clover.testing.line import MockCloverError

if TYPE_CHECKING:
    from mock_clover.testing.handle import MockClover

_LINES_MAX = 50
_ASKED_CHARS_MAX = 160
_EXPECTED = "expected"


def journal_text(held: "MockClover") -> str:
    """Return the newest exchanges of a sandbox, one to a line; never raises."""
    try:
        exchanges = held.journal(limit=_LINES_MAX)
    except MockCloverError as error:
        return f"(not to be had: {error})"
    lines = [exchange_line(exchange) for exchange in exchanges]
    if exchanges and exchanges[0]["id"] > 1:
        lines.insert(0, f"({exchanges[0]['id'] - 1} earlier ones)")
    return "\n".join(lines) or "(no call has reached this sandbox)"


def exchange_line(exchange: dict[str, Any]) -> str:
    """Tell one exchange: the call, how it ended, why, and what was remarkable about it."""
    parts = [
        f"#{exchange['id']} {exchange['method']} {exchange['path']} {exchange['status']}",
        exchange["why"],
    ]
    if exchange.get("fault") and "fault: " not in exchange["why"]:
        parts.append(f"fault: {exchange['fault']}")
    if exchange.get("idempotency"):
        parts.append(f"idempotency key {exchange['idempotency']}")
    parts += [f"ignored {each}" for each in exchange.get("ignored") or ()]
    if exchange.get("request"):
        parts.append(f"asked {_short(exchange['request'])}")
    if exchange["status"] >= 400 and exchange.get("reply"):
        parts.append(f"told {_short(exchange['reply'])}")
    return " | ".join(parts)


def miss_text(asked: dict[str, Any], told: dict[str, Any]) -> str:
    """Say why a verification missed, the nearest misses first."""
    what = asked.get("endpoint") or ("these calls" if asked.get("in_order") else "any operation")
    where = f" with {_short(_masked(asked['match']))}" if asked.get("match") else ""
    lines = [f"{what}{where}: {told.get('message')}"]
    for miss in told.get("nearest") or ():
        differs = "; ".join(
            f"{name} was {_short(each.get('was'))}, {_EXPECTED} {_short(each.get(_EXPECTED))}"
            for name, each in miss["differs"].items()
        )
        lines.append(f"  nearest: #{miss['id']} {miss['endpoint']}: {differs}")
    return "\n".join(lines)


def _masked(match: dict[str, Any]) -> dict[str, Any]:
    """Return what a test asked for without card numbers: its failure gets into logs."""
    from mock_clover.control.masking import plain_member
    from mock_clover.core.masking import redact

    return {redact(path): plain_member(path, value) for path, value in match.items()}


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= _ASKED_CHARS_MAX else f"{text[:_ASKED_CHARS_MAX]}…"
