"""What all pages of this server share: one skeleton, one look, the headers that guard them.

A page has no script unless its guards let it. Every text goes through `text`, so that whatever a
shop wrote is shown and is never markup. Imported with the first page.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from typing import NamedTuple

from mock_clover.clover.checkout.records import wrong_redirect
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
<footer><p>mock-clover, not Clover: no money moves. Give no real card number.</p></footer>
</body>
</html>
"""
_ALWAYS: Headers = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    # Of the pages' own posts the origin is told, and nothing to a shop.
    (b"referrer-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Fault(NamedTuple):
    """What is wrong with one field of a form: its id, and words for a person."""

    field: str
    said: str


class Field(NamedTuple):
    """One field of a form."""

    name: str
    """Its id too."""
    label: str
    attributes: str
    """As they stand in HTML: constants of ours."""
    value: str = ""
    hint: str = ""


def page(
    heading: str, body: str, *, shop: str = "mock-clover", title: str = "", wide: bool = False
) -> str:
    """Return a whole page; `shop` stands above it, `body` is HTML, the title is the heading."""
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
    """Return the headers of a page whose form may send the browser on to these URLs.

    A browser holds each redirect after a form to `form-action`, those of the shop's own server too,
    whose origins nobody knows here: so where a form leads out, all of the web stands there. Only
    our own page is in frames of `ancestors`, as a source list, and in none without it. A page that
    is `filed` loads files of ours as its scripts and styles, and these ask nobody but us.
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


def text(said: str) -> str:
    """Return a text as HTML that shows it; a NUL, which HTML cannot hold, as its sign."""
    return escape(said.replace("\x00", "\ufffd"))


def may_follow(url: str) -> bool:
    """Tell whether a URL of a shop may be followed; one of a snapshot was not checked."""
    return not wrong_redirect(url, anywhere=True)


def onward(url: str | None) -> Headers:
    """Return the header that sends a browser on, or none."""
    return ((b"location", url.encode("ascii")),) if url and may_follow(url) else ()


def link(url: str | None, words: str) -> str:
    """Return a way on, or nothing where there is none."""
    if not url or not may_follow(url):
        return ""
    return f'<p><a href="{text(url)}">{text(words)}</a></p>\n'


def alert(said: str, faults: tuple[Fault, ...] = (), advice: str = "") -> str:
    """Return what a page complains of, with links to the fields that are wrong, and advice."""
    items = "".join(
        f'\n<li><a href="#{fault.field}">{text(fault.said)}</a></li>' for fault in faults
    )
    more = f"\n<ul>{items}\n</ul>" if items else ""
    more += f"\n<small>{text(advice)}</small>" if advice else ""
    return f'<div role="alert" class="wrong" id="alert">\n<p>{text(said)}</p>{more}\n</div>\n'


def field(
    asked: Field, faults: tuple[Fault, ...] = (), *, focus: bool = False, about: str = ""
) -> str:
    """Return a field with its label, its hint, and what is wrong with it.

    `about` is the id of what else describes it.
    """
    name, notes = asked.name, ""
    told = [about] if about else []
    if asked.hint:
        told.append(f"{name}-hint")
        notes += f'<small id="{name}-hint">{text(asked.hint)}</small>\n'
    wrong = [fault.said for fault in faults if fault.field == name]
    if wrong:
        told.append(f"{name}-wrong")
        notes += f'<strong class="said" id="{name}-wrong">{text(wrong[0])}</strong>\n'
    more = f' value="{text(asked.value)}"' if asked.value else ""
    more += f' aria-describedby="{" ".join(told)}"' if told else ""
    more += ' aria-invalid="true"' if wrong else ""
    more += " autofocus" if focus else ""
    return (
        f'<div class="field {name}">\n<label for="{name}">{text(asked.label)}</label>\n'
        f'<input id="{name}" name="{name}" {asked.attributes}{more}>\n{notes}</div>\n'
    )
