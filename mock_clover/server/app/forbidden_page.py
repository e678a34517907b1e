"""The page that a browser gets instead of the dashboard at a host name of Clover."""

from msgspec.structs import replace

from mock_clover.engine.endpoint import RawRequest
from mock_clover.engine.html import escape_html, page, security_headers
from mock_clover.engine.reply import Reply

_FORBIDDEN = 403
_BODY = """\
<div class="sheet">
<p>The dashboard and the control API are not served as <code>{host}</code>: a page of another site
could use this name.</p>
<p>Open <a href="{address}">{address}</a>, or the address that <code>mock-clover serve</code>
printed at its start. <code>--control-host</code> allows a name of your own.</p>
</div>"""


def forbidden_page(raw: RawRequest, reply: Reply) -> Reply:
    """Return the rejection of a browser's request for the dashboard as a page."""
    if reply.status != _FORBIDDEN or b"text/html" not in raw.headers.get(b"accept", b""):
        return reply
    host = raw.headers.get(b"host", b"").decode("latin-1")
    name, _, port = host.partition(":")
    scheme = "https" if raw.headers.get(b":scheme") == b"https" else "http"
    address = f"{scheme}://localhost{f':{port}' if port.isdigit() else ''}/_mock/"
    body = _BODY.format(host=escape_html(name), address=escape_html(address))
    return replace(
        reply,
        body=page("Not under this name", body).encode(),
        content_type=b"text/html; charset=utf-8",
        headers=security_headers(),
    )
