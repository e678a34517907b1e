"""Shared parts of all HTML pages: the template, form fields and security headers.

A page has no script unless its security headers allow it. All text is escaped by `escape_html`, so
that input from a shop is never markup.
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
from mock_clover.engine.language import ENGLISH, Language

_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*")
Headers = tuple[tuple[bytes, bytes], ...]

_STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
_PAGE = """\
<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
</head>
<body{width}>
<header>
<p><bdi>{shop}</bdi></p>
<p class="badge">{badge}</p>
</header>
<main>
<h1>{heading}</h1>
{body}
</main>
<footer><p>{notice}</p></footer>
</body>
</html>
"""
_SECURITY_HEADERS: Headers = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    # The pages' own POST requests need the origin, but a shop must not receive a referrer.
    (b"referrer-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


_NOTICE = "mock-clover, not Clover: no money moves. Do not enter a real card number."


class FieldError(NamedTuple):
    """An error of one form field: the field's id and a message for the customer."""

    field: str
    message: str


class FormField(Value, frozen=True):
    """One field of a form."""

    name: str
    """The name, which is also the id."""
    label: str
    attributes: str
    """Additional attributes as HTML. They are not escaped, so only constants are allowed."""
    value: str = ""
    hint: str = ""


def page(
    heading: str,
    body: str,
    *,
    shop: str = "mock-clover",
    title: str = "",
    wide: bool = False,
    language: Language = ENGLISH,
) -> str:
    """Return a complete page. `shop` is the header, `body` is HTML.

    `title` defaults to `heading`. Both, and the body, are in the language already.
    """
    return _PAGE.format(
        lang=language.code,
        badge=language.say("Test"),
        notice=language.say(_NOTICE),
        title=f"{escape_html(title or heading)} · {escape_html(shop)}",
        heading=escape_html(heading),
        style=STYLE,
        shop=escape_html(shop),
        width=' class="wide"' if wide else "",
        body=body,
    )


def security_headers(
    targets: Iterable[str | None] = (), *, ancestors: str = "'none'", with_scripts: bool = False
) -> Headers:
    """Return the security headers of a page whose form may redirect to the `targets`.

    Browsers check every redirect after a form against `form-action`, also those of the shop's own
    server, whose origins are unknown here. A form with a web target therefore allows every http
    and https URL. `ancestors` is a source list of pages that may frame this one; default: none.
    `with_scripts`: the page may load scripts and styles from this server, and its scripts may
    connect only to this server. Images of this server are allowed for the icon that browsers
    request.
    """
    scripts, styles = (
        ("script-src 'self'; connect-src 'self'; ", " 'self'") if with_scripts else ("", "")
    )
    policy = (
        f"default-src 'none'; {scripts}style-src 'sha256-{_STYLE_HASH}'{styles}; img-src 'self'; "
        f"base-uri 'none'; frame-ancestors {ancestors}; "
        f"form-action {' '.join(_form_action(targets))}"
    )
    always = _SECURITY_HEADERS if ancestors == "'none'" else _SECURITY_HEADERS[1:]
    return ((b"content-security-policy", policy.encode("ascii")), *always)


def isolation_headers(corp: str | None) -> Headers:
    """Return the headers with which a page that requires isolation may load this one."""
    if corp is None:
        return ()
    return (
        (b"cross-origin-resource-policy", corp.encode("ascii")),
        (b"cross-origin-embedder-policy", b"require-corp"),
    )


def _form_action(targets: Iterable[str | None]) -> list[str]:
    schemes = {url.partition(":")[0].lower() for url in targets if url}
    web = {"http", "https"}
    if schemes & web:
        schemes |= web
    return ["'self'", *(f"{scheme}:" for scheme in sorted(schemes) if _SCHEME.fullmatch(scheme))]


def escape_html(value: str) -> str:
    """Escape a text for HTML; NUL, which HTML cannot contain, becomes U+FFFD."""
    return escape(value.replace("\x00", "\ufffd"))


def is_safe_redirect(url: str) -> bool:
    """Return whether a shop's URL is safe to follow.

    URLs restored from a snapshot have not been checked before.
    """
    return not redirect_url_error(url, allow_http_and_localhost=True)


def location_header(url: str | None) -> Headers:
    """Return the `location` header for a redirect, or no header."""
    return ((b"location", url.encode("ascii")),) if url and is_safe_redirect(url) else ()


def link(url: str | None, label: str) -> str:
    """Return a link, or '' if there is no URL or it is not safe to follow."""
    if not url or not is_safe_redirect(url):
        return ""
    return f'<p><a href="{escape_html(url)}">{escape_html(label)}</a></p>\n'


def error_alert(message: str, errors: tuple[FieldError, ...] = (), advice: str = "") -> str:
    """Return an error message, with links to the invalid fields and advice."""
    items = "".join(
        f'\n<li><a href="#{error.field}">{escape_html(error.message)}</a></li>' for error in errors
    )
    more = f"\n<ul>{items}\n</ul>" if items else ""
    more += f"\n<small>{escape_html(advice)}</small>" if advice else ""
    text = escape_html(message)
    return f'<div role="alert" class="wrong" id="alert">\n<p>{text}</p>{more}\n</div>\n'


def field(
    spec: FormField,
    errors: tuple[FieldError, ...] = (),
    *,
    focus: bool = False,
    described_by: str = "",
) -> str:
    """Return a form field with its label, hint and error.

    `described_by` is the id of another element that describes it.
    """
    name, notes = spec.name, ""
    descriptions = [described_by] if described_by else []
    if spec.hint:
        descriptions.append(f"{name}-hint")
        notes += f'<small id="{name}-hint">{escape_html(spec.hint)}</small>\n'
    message = next((error.message for error in errors if error.field == name), "")
    if message:
        descriptions.append(f"{name}-wrong")
        notes += f'<strong class="said" id="{name}-wrong">{escape_html(message)}</strong>\n'
    more = f' value="{escape_html(spec.value)}"' if spec.value else ""
    more += f' aria-describedby="{" ".join(descriptions)}"' if descriptions else ""
    more += ' aria-invalid="true"' if message else ""
    more += " autofocus" if focus else ""
    return (
        f'<div class="field {name}">\n<label for="{name}">{escape_html(spec.label)}</label>\n'
        f'<input id="{name}" name="{name}" {spec.attributes}{more}>\n{notes}</div>\n'
    )
