"""The root page, served by Starlette; imported on the first request for it."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from mock_clover import __version__
from mock_clover.sandbox.people import merchant_name
from mock_clover.sandbox.sandboxes import Sandboxes

_TEXT = """\
mock-clover {version}: Clover's Ecommerce API on your own machine. Not Clover; no money moves.

merchant      {merchant_id} ({merchant})
scenario      {scenario}
OpenAPI       /_mock/openapi.json
dashboard     /_mock/
journal       /_mock/journal
health        /readyz

Credentials:  mock-clover env
Test cards:   mock-clover cards
"""
_GUARDS = {"content-security-policy": "default-src 'none'; frame-ancestors 'none'"}


def pages(sandboxes: Sandboxes) -> Starlette:
    """Return the Starlette application of the root page."""

    async def root(_request: Request) -> PlainTextResponse:
        sandbox = sandboxes.default
        return PlainTextResponse(
            _TEXT.format(
                version=__version__,
                merchant_id=sandbox.credentials.merchant_id,
                merchant=merchant_name(sandboxes.seed),
                scenario=sandbox.rules.scenario.name,
            ),
            headers=_GUARDS,
        )

    return Starlette(routes=[Route("/", root)])
