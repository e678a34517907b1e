"""Shared parts of all HTML pages: the template, form fields and security headers.

A page has no script unless its security headers allow it. All text is escaped by `text`, so that
input from a shop is never markup. Imported with the first page.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from typing import NamedTuple

from mock_clover.clover.checkout.records import redirect_url_error
from mock_clover.core.record import Value
from mock_clover.engine.html_style import STYLE

_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*")
Headers = tuple[tuple[bytes, bytes], ...]

_STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
</head>
<body{width}>
<header>
<p><bdi>{shop}</bdi></p>
<p class="badge">Test</p>
</header>
<main>
<h1>{heading}</h1>
{body}
</main>
<footer><p>mock-clover, not Clover: no money moves. Do not enter a real card number.</p></footer>
</body>
</html>
"""
_ALWAYS: Headers = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    # The pages' own POST requests need the origin; a shop gets no referrer.
    (b"referrer-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class FieldError(NamedTuple):
    """An error of one form field: the field's id and a message for people."""

    field: str
    said: str


class FormField(Value, frozen=True):
    """One field of a form."""

    name: str
    """The name, which is also the id."""
    label: str
    attributes: str
    """Further attributes as HTML; only constants, as they are not escaped."""
    value: str = ""
    hint: str = ""


def page(
    heading: str, body: str, *, shop: str = "mock-clover", title: str = "", wide: bool = False
) -> str:
    """Return a whole page; `shop` is the header, `body` is HTML, `title` defaults to `heading`."""
    return _PAGE.format(
        title=f"{text(title or heading)} · {text(shop)}",
        heading=text(heading),
        style=STYLE,
        shop=text(shop),
        width=' class="wide"' if wide else "",
        body=body,
    )


def guards(
    targets: Iterable[str | None] = (), *, ancestors: str = "'none'", filed: bool = False
) -> Headers:
    """Return the security headers of a page whose form may redirect to the `targets`.

    Browsers check every redirect after a form against `form-action`, also those of the shop's own
    server, whose origins are unknown here. A form with a web target therefore allows all of the
    web. `ancestors` is a source list of pages that may frame this one; default: none. A `filed`
    page loads scripts and styles from this server, and its scripts connect only to this server.
    """
    scripts, styles = ("script-src 'self'; connect-src 'self'; ", " 'self'") if filed else ("", "")
    policy = (
        f"default-src 'none'; {scripts}style-src 'sha256-{_STYLE_HASH}'{styles}; base-uri 'none'; "
        f"frame-ancestors {ancestors}; form-action {' '.join(_form_action(targets))}"
    )
    always = _ALWAYS if ancestors == "'none'" else _ALWAYS[1:]
    return ((b"content-security-policy", policy.encode("ascii")), *always)


def _form_action(targets: Iterable[str | None]) -> list[str]:
    schemes = {url.partition(":")[0].lower() for url in targets if url}
    web = {"http", "https"}
    if schemes & web:
        schemes |= web
    return ["'self'", *(f"{scheme}:" for scheme in sorted(schemes) if _SCHEME.fullmatch(scheme))]


def text(value: str) -> str:
    """Escape a text for HTML; NUL, which HTML cannot contain, becomes U+FFFD."""
    return escape(value.replace("\x00", "\ufffd"))


def may_follow(url: str) -> bool:
    """Return whether a shop's URL is safe to follow; URLs in snapshots are unchecked."""
    return not redirect_url_error(url, allow_http_and_localhost=True)


def onward(url: str | None) -> Headers:
    """Return the `location` header for a redirect, or no header."""
    return ((b"location", url.encode("ascii")),) if url and may_follow(url) else ()


def link(url: str | None, label: str) -> str:
    """Return a link, or '' without a URL that may be followed."""
    if not url or not may_follow(url):
        return ""
    return f'<p><a href="{text(url)}">{text(label)}</a></p>\n'


def alert(message: str, faults: tuple[FieldError, ...] = (), advice: str = "") -> str:
    """Return an error message, with links to the invalid fields and advice."""
    items = "".join(
        f'\n<li><a href="#{fault.field}">{text(fault.said)}</a></li>' for fault in faults
    )
    more = f"\n<ul>{items}\n</ul>" if items else ""
    more += f"\n<small>{text(advice)}</small>" if advice else ""
    return f'<div role="alert" class="wrong" id="alert">\n<p>{text(message)}</p>{more}\n</div>\n'


def field(
    spec: FormField, faults: tuple[FieldError, ...] = (), *, focus: bool = False, about: str = ""
) -> str:
    """Return a form field with its label, hint and error.

    `about` is the id of another element that describes it.
    """
    name, notes = spec.name, ""
    described_by = [about] if about else []
    if spec.hint:
        described_by.append(f"{name}-hint")
        notes += f'<small id="{name}-hint">{text(spec.hint)}</small>\n'
    errors = [fault.said for fault in faults if fault.field == name]
    if errors:
        described_by.append(f"{name}-wrong")
        notes += f'<strong class="said" id="{name}-wrong">{text(errors[0])}</strong>\n'
    more = f' value="{text(spec.value)}"' if spec.value else ""
    more += f' aria-describedby="{" ".join(described_by)}"' if described_by else ""
    more += ' aria-invalid="true"' if errors else ""
    more += " autofocus" if focus else ""
    return (
        f'<div class="field {name}">\n<label for="{name}">{text(spec.label)}</label>\n'
        f'<input id="{name}" name="{name}" {spec.attributes}{more}>\n{notes}</div>\n'
    )
