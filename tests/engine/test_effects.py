"""Accepted members of a request have an effect: on the response, or on what the sandbox keeps.

Any other member must be told in `x-mock-clover-ignored`.
"""

import json
from typing import Any

import msgspec

from mock_clover.clover.surface import SURFACE
from mock_clover.control.snapshot.endpoints import encode_snapshot
from mock_clover.core.steps import finish
from mock_clover.engine.endpoint import Endpoint, UntypedBody
from tests.engine.test_echo import REFERENCES, sample
from tests.failure_messages import assert_names, assert_no_errors
from tests.hostile import FORWARDED, create_fixtures, filled, valid_body
from tests.in_process import InProcessServer, Response


def kept(server: InProcessServer) -> dict[str, Any]:
    """Return what a sandbox keeps, without its journal and the requests that it remembers."""
    tree = json.loads(finish(encode_snapshot(server.sandbox)).body)
    return {name: value for name, value in tree.items() if name not in ("journal", "taken_at_ms")}


EXCEPTIONS: dict[str, str] = {
    "create_checkout.tips": "an object; with `enabled`, the page asks for a tip",
    "exchange_code.code_verifier": "used if the code has a challenge",
    "platform_create_line_discount.amount": "the percentage of the body counts",
    "platform_create_service_charge.percentage": "the id of the body counts",
}
"""Members without effect in this test, by operation, with the reason."""


def test_accepted_members_have_an_effect(server: InProcessServer) -> None:
    fixtures = create_fixtures(server)
    prepared = server.sandbox.fork(server.sandbox.name, server.known)

    def send(endpoint: Endpoint, body: dict[str, Any]) -> Response:
        server.copy(prepared)
        return server.send(endpoint.method, filled(endpoint, fixtures), body, headers=FORWARDED)

    errors, without = [], set()
    for endpoint in SURFACE:
        if endpoint.request in (None, UntypedBody) or endpoint.body_format == "json_or_form":
            continue
        body = valid_body(endpoint, fixtures)
        plain, state = send(endpoint, body), kept(server)
        for field in msgspec.structs.fields(endpoint.request):
            member = field.encode_name
            first = sample(field.type, None)
            other = False if first is True else sample(field.type, first)
            values = [each for each in (first, other) if each is not None]
            if not values or member in {*body, *REFERENCES}:
                continue
            for value in values:
                got = send(endpoint, body | {member: value})
                told = got.headers.get("x-mock-clover-ignored", "")
                if got.body != plain.body or member in told or kept(server) != state:
                    break
            else:
                without.add(f"{endpoint.name}.{member}")
                if f"{endpoint.name}.{member}" not in EXCEPTIONS:
                    errors.append(
                        f"{endpoint.name}.{member}: the response and the sandbox are the same with "
                        f"{values} as without; use it, or mark it by doc(..., has_no_effect=True)"
                    )
    assert_no_errors(errors)
    assert_names(EXCEPTIONS, without, "EXCEPTIONS of this file", "what has no effect")
