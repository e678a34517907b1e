"""The page at `/`: what this server is, and where to look. A browser is sent to the dashboard."""

from collections.abc import Callable

from mock_clover import __version__
from mock_clover.control.endpoint import control_endpoint
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Asset, Call, Endpoint, Redirect
from mock_clover.sandbox.people import merchant_name
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import DEFAULT, Sandboxes

_TEXT = """\
mock-clover {version}: Clover's Ecommerce API on your own machine. Not Clover; no money moves.

merchant      {merchant_id} ({merchant})
scenario      {scenario}
OpenAPI       {root}/_mock/openapi.json
dashboard     {root}/_mock/
journal       {root}/_mock/journal
health        {root}/readyz

Credentials:  mock-clover env
Test cards:   mock-clover cards
"""
_HEADERS = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"vary", b"accept"),
)


def endpoints(
    sandboxes: Sandboxes, may_open_dashboard: Callable[[dict[bytes, bytes]], bool]
) -> tuple[Endpoint, ...]:
    """Return the endpoint of the page; `may_open_dashboard` judges the headers of a request."""

    def root_page(sandbox: Sandbox, call: Call[None, None]) -> Asset | Redirect:
        """Return the page, as text, or redirect a browser to the dashboard."""
        if b"text/html" in call.headers.get(b"accept", b"") and may_open_dashboard(call.headers):
            home = "" if sandbox.name == DEFAULT else f"/sandbox/{sandbox.name}"
            return Redirect(f"{call.root_path}{home}/_mock/")
        text = _TEXT.format(
            version=__version__,
            merchant_id=sandbox.credentials.merchant_id,
            merchant=merchant_name(sandboxes.seed),
            scenario=sandbox.rules.scenario.name,
            root=call.root_path,
        )
        return Asset(text.encode(), b"text/plain; charset=utf-8", _HEADERS)

    return (control_endpoint("root", "GET", "/", root_page, Record),)
