"""Creating an application stays cheap: tests create thousands."""

from tests.fake_clock import calls_of
from tests.in_process import MakeServer

CALLS_MAX = 2_000
"""Function calls. About 1,350 are needed; building the routes of Clover's API takes 1,250 more."""


def test_an_application_shares_the_routes(make_server: MakeServer) -> None:
    make_server()
    assert calls_of(make_server) < CALLS_MAX
