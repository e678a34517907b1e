"""Requests of any form, right or wrong, leave a journal that each control call can read."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mock_clover.clover.surface import SURFACE
from mock_clover.engine.endpoint import Endpoint
from tests.hostile import FORWARDED, create_fixtures, valid_request
from tests.in_process import CONTROL, InProcessServer

VALUES = ("x", "", 1, 1.5, True, None, [], ["a"], [{}], {}, {"id": {"id": 1}}, 10**30, "4" * 16)
"""Every member of a body has each of these."""
WITHOUT_TLS = "/_mock/ca.pem"
"""Is 404."""
KINDS = ("charges", "refunds", "orders", "customers", "cards", "tokens", "plans", "checkouts")


def odd_bodies(endpoint: Endpoint, valid: bytes) -> Iterator[dict[str, Any]]:
    """Yield bodies with a value of another type in one member, and in all."""
    body = json.loads(valid or b"{}")
    names = {*body, *(endpoint.request.__struct_encode_fields__ if endpoint.request else ())}
    for value in VALUES:
        yield dict.fromkeys(names, value)
        yield from (body | {name: value} for name in names)


def read_all(server: InProcessServer) -> Iterator[str]:
    """Yield each control call that reads and is not answered with 200, or 404 for no payment."""
    exchanges = list(server.sandbox.journal)[::7]
    paths = [
        *(each.path for each in CONTROL if each.method == "GET"),
        *(f"/_mock/rows/{kind}" for kind in KINDS),
        *(f"/_mock/journal/{each.number}" for each in exchanges),
        *(f"/_mock/payments/{each.id}" for each in list(server.sandbox.charges)[-5:]),
    ]
    calls: list[tuple[str, str, Any]] = [
        ("GET", path, None) for path in paths if "{" not in path and path != WITHOUT_TLS
    ]
    calls.append(("POST", "/_mock/capsule", None))
    for each in exchanges:
        told = {"method": each.method, "path": each.path, "body": each.shown_request()}
        calls.append(("POST", "/_mock/why", told | {"exchange": each.number}))
        calls.append(("POST", f"/_mock/journal/{each.number}/replay", {}))
    for method, path, body in calls:
        reply = server.send(method, path, body)
        if reply.status != 200 and not (method == "POST" and reply.status == 400):
            yield f"{method} {path}: {reply.status} {reply.why}"


@pytest.mark.parametrize("endpoint", SURFACE, ids=lambda each: each.name)
def test_every_journal_can_be_read(server: InProcessServer, endpoint: Endpoint) -> None:
    fixtures = create_fixtures(server)
    sent = valid_request(endpoint, fixtures)
    for body in odd_bodies(endpoint, sent.raw):
        server.send(endpoint.method, sent.path, body, headers=FORWARDED)
    assert list(read_all(server)) == []
