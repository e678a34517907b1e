"""Provoke situations for `audit --probe`: a forged, a repeated and a late webhook to each target.

The rules CLV024, CLV025 and CLV026 judge what the receivers answer and do.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from mock_clover.client import ClientError, get_json, parse_json, send_request

_ANSWER_MS_MAX = 15_000
"""Maximum wait for the answer of a receiver; an attempt takes at most 10 s."""
_EFFECT_MS_MAX = 2_000
"""Maximum wait for a request that an application sends because of a webhook."""


def probe(base: str, headers: Mapping[str, str]) -> list[str]:
    """Send webhooks to all targets; return what was sent, one line a target. Raises ClientError."""
    return [
        f"probe: {target['id']}: " + "; ".join(_probe_target(base, target, headers))
        for target in get_json(f"{base}/_mock/webhooks", headers=headers)["data"]
        if target["state"] == "active"
    ] or ["probe: the sandbox has no active webhook target, so nothing was sent"]


def _probe_target(base: str, target: dict[str, Any], headers: Mapping[str, str]) -> list[str]:
    delivered = _deliveries(base, headers, target=target["id"], state="delivered", limit=1000)
    own = [each for each in delivered if each["about"] not in ("verification", "sent")]
    event = {"kind": target["kind"], "target": target["id"], "signature": "wrong"}
    event |= {"payload": own[-1]["body"]} if own else _unknown_payment(target["kind"])
    sent = _post(base, "webhooks/send", event, headers)["data"]
    lines = ["an event with a wrong signature"]
    _wait_for(base, headers, sent[-1])
    for what, delivery in (("again", own[-1:]), ("late", own[:1])):
        for each in delivery:
            last = _post(base, f"deliveries/{each['id']}/resend", {}, headers)
            lines.append(f"{each['id']} ({each.get('event') or each['about']}) {what}")
            _wait_for(base, headers, last)
    if not own:
        lines.append("no event was delivered before, so none was repeated")
    return lines


def _unknown_payment(kind: str) -> dict[str, str]:
    payment = "0" * 13
    if kind == "platform":
        return {"object": "P", "type": "UPDATE", "id": payment}
    return {"id": payment, "status": "APPROVED"}


def _wait_for(base: str, headers: Mapping[str, str], delivery: dict[str, Any]) -> None:
    """Wait until a delivery was answered, and for a request that follows from it."""
    query = {"limit": 1, "after": 0}
    newest = get_json(f"{base}/_mock/journal?{urlencode(query)}", headers=headers)["data"]
    after = newest[-1]["id"] if newest else 0
    _deliveries(
        base, headers, after=delivery["number"] - 1, wait=1, wait_ms=_ANSWER_MS_MAX, limit=1
    )
    query = {"after": after, "wait": 1, "wait_ms": _EFFECT_MS_MAX}
    get_json(f"{base}/_mock/journal?{urlencode(query)}", headers=headers)


def _deliveries(base: str, headers: Mapping[str, str], **query: str | int) -> list[dict[str, Any]]:
    url = f"{base}/_mock/deliveries?{urlencode(query)}"
    return list(get_json(url, timeout_s=60, headers=headers)["data"])


def _post(base: str, path: str, body: Any, headers: Mapping[str, str]) -> dict[str, Any]:
    url = f"{base}/_mock/{path}"
    sent = {"content-type": "application/json", **headers}
    response = send_request("POST", url, sent, json.dumps(body).encode())
    if response.status != 200:
        raise ClientError(f"{url} returned {response.status}: {response.body.decode()}")
    return dict(parse_json(response.body))
