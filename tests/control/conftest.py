"""Fixtures for the tests of the control API."""

import pytest

from tests.in_process import InProcessServer, MakeServer


@pytest.fixture
def server(make_server: MakeServer) -> InProcessServer:
    """A server whose sandbox is watched, so that its changes are recorded."""
    created = make_server()
    created.sandbox.enable_change_recording()
    return created
