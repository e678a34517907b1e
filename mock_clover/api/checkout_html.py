"""The HTML of the hosted checkout's page, and the headers that guard it: no script, no frame.

Whatever a shop wrote is text here and never markup: every value goes through `_text`. Imported with
the first page.
"""

from base64 import b64encode
from hashlib import sha256
from html import escape

from mock_clover.model.checkout import CURRENCY, Checkout, Line, origin_of, wrong_redirect

_STYLE = """\
body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}
caption{font-weight:bold;text-align:left}
th{font-weight:normal;text-align:left}
th,td{border-bottom:1px solid #999;padding:.3rem 0;vertical-align:top;overflow-wrap:anywhere}
td,th+th{text-align:right;white-space:nowrap}
tfoot tr:last-child *{font-weight:bold}
label{display:block;margin-top:.7rem}
input{font:inherit;width:100%;box-sizing:border-box;padding:.3rem}
button{font:inherit;margin:1rem .5rem 0 0;padding:.4rem 1rem}
[role=alert]{border-left:4px solid #b00;padding-left:.7rem}
"""
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
<footer><p>mock-clover, not Clover: no money moves. Give no real card number.</p></footer>
</body>
</html>
"""
_CART = """\
<table>
<caption>{count}</caption>
<thead><tr><th scope="col">Item</th><th scope="col">Price</th></tr></thead>
<tbody>
{rows}
</tbody>
<tfoot>
{sums}
</tfoot>
</table>
"""
_FORM = """\
<form method="post">
<label for="number">Card number</label>
<input id="number" name="number" inputmode="numeric" autocomplete="cc-number" maxlength="30" required>
<label for="exp_month">Month of expiry</label>
<input id="exp_month" name="exp_month" inputmode="numeric" autocomplete="cc-exp-month" maxlength="2" required>
<label for="exp_year">Year of expiry</label>
<input id="exp_year" name="exp_year" inputmode="numeric" autocomplete="cc-exp-year" maxlength="4" required>
<label for="cvv">Security code (CVV)</label>
<input id="cvv" name="cvv" inputmode="numeric" autocomplete="cc-csc" maxlength="4" required>
<label for="name">Name on the card (optional)</label>
<input id="name" name="name" autocomplete="cc-name" maxlength="255">
<label for="address_zip">Postal code (optional)</label>
<input id="address_zip" name="address_zip" autocomplete="postal-code" maxlength="20">
<button name="do" value="pay">Pay {total}</button>
<button name="do" value="cancel" formnovalidate>Cancel</button>
</form>
"""  # noqa: E501 - one element on one line


def form_page(checkout: Checkout, said: str = "") -> str:
    """Return the page on which a session is paid; `said` is why the last try failed."""
    alert = f'<p role="alert">{_text(said)} Please try again.</p>\n' if said else ""
    back = _link(checkout.failure, "Return to the shop without paying") if said else ""
    total = _money(checkout.amount)
    return _page("Checkout", alert + _cart(checkout) + _FORM.format(total=total) + back)


def end_page(title: str, said: str, url: str | None = None) -> str:
    """Return a page that says how a session stands, with a way on if there is one."""
    return _page(title, f"<p>{_text(said)}</p>\n{_link(url, 'Return to the shop')}")


def guards(checkout: Checkout | None) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers of a page.

    A browser holds the redirect after a form to `form-action` too, so the shop's origins stand
    there; no other part of a URL does.
    """
    urls = (checkout.success, checkout.failure, checkout.cancel) if checkout else ()
    origins = sorted({origin_of(url) for url in urls if url and _leads(url)})
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action {' '.join((_SELF, *origins))}"
    )
    return ((b"content-security-policy", policy.encode("ascii")), *_ALWAYS)


def onward(url: str | None) -> tuple[tuple[bytes, bytes], ...]:
    """Return the header that sends a browser on, or none."""
    return ((b"location", url.encode("ascii")),) if url and _leads(url) else ()


_SELF = "'self'"
_ALWAYS = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


def _leads(url: str) -> bool:
    """Tell whether a URL may be followed; one of a snapshot or a dashboard was not checked."""
    return not wrong_redirect(url, anywhere=True)


def _page(title: str, body: str) -> str:
    return _PAGE.format(title=_text(title), style=_STYLE, body=body)


def _cart(checkout: Checkout) -> str:
    tax = checkout.tax_amount or 0
    sums = [("Tax", tax)] if tax else []
    sums += [("Total", checkout.amount)]
    count = sum(line.quantity for line in checkout.lines)
    return _CART.format(
        count="1 item" if count == 1 else f"{count} items",
        rows="\n".join(map(_row, checkout.lines)),
        sums="\n".join(
            f'<tr><th scope="row">{name}</th><td>{_money(amount)}</td></tr>'
            for name, amount in sums
        ),
    )


def _row(line: Line) -> str:
    each = f" × {line.quantity}" if line.quantity > 1 else ""  # noqa: RUF001 - a sign of times
    note = f"<br><small><bdi>{_text(line.note)}</bdi></small>" if line.note else ""
    price = _money(line.price * line.quantity)
    return (
        f'<tr><th scope="row"><bdi>{_text(line.name)}</bdi>{each}{note}</th><td>{price}</td></tr>'
    )


def _link(url: str | None, words: str) -> str:
    if not url or not _leads(url):
        return ""
    return f'<p><a href="{_text(url)}">{words}</a></p>\n'


def _money(amount: int) -> str:
    return f"{amount // 100:,}.{amount % 100:02d} {CURRENCY}"


def _text(text: str) -> str:
    """Return a text as HTML that shows it; a NUL, which HTML cannot hold, as its sign."""
    return escape(text.replace("\x00", "\ufffd"))
