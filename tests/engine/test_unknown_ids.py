"""Requests with an id that no sandbox has."""

import re

from mock_clover.clover.surface import SURFACE
from tests.failure_messages import assert_no_errors
from tests.hostile import FORWARDED, UNKNOWN_ID, create_fixtures, filled, valid_body
from tests.in_process import InProcessServer

ACCEPTED = {("platform_list_nested_rows", "row_id")}
"""Ids that may be unknown: without rows of a scenario, any group has an empty list."""


def test_unknown_ids_get_declared_errors(server: InProcessServer) -> None:
    """`InProcessServer.send` fails if an operation returns an error that it does not declare."""
    fixtures = create_fixtures(server)
    accepted = []
    for endpoint in SURFACE:
        for name in re.findall(r"\{(\w+)\}", endpoint.path):
            path = filled(endpoint, fixtures, **{name: UNKNOWN_ID})
            body = valid_body(endpoint, fixtures) if endpoint.request else None
            got = server.send(endpoint.method, path, body, headers=FORWARDED)
            if got.status < 400 and (endpoint.name, name) not in ACCEPTED:
                accepted.append(f"{endpoint.name} accepts an unknown {name}: {got}")
    assert_no_errors(accepted)
