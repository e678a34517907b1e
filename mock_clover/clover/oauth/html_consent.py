"""The HTML of OAuth's consent page. Imported with the first of them."""

import re

from mock_clover.clover.common.permissions import PERMISSIONS, Permission
from mock_clover.engine.html import Headers, guards, page, text
from mock_clover.sandbox.people import merchant_name, people
from mock_clover.sandbox.sandbox import Sandbox

_GRANTS = """\
<h2>It may then</h2>
<ul class="grants">
{lines}
</ul>
"""
_HOST = re.compile(r"[/\\]{2}([^/\\?#]+)")
_PAGE = """\
<form class="sheet" method="post">
<p>The app <code>{app}</code> asks to work with the data of {whom}.</p>
{merchants}{grants}<p class="quiet">{after}</p>
<button class="main" name="do" value="approve">Approve</button>
<button name="do" value="deny">Deny</button>
</form>
"""
_ONE = """\
<dl>
<dt>Merchant</dt>
<dd><bdi>{name}</bdi> <code>{merchant}</code></dd>
<dt>Approved by its owner</dt>
<dd><bdi>{owner}</bdi> <code>{employee}</code></dd>
</dl>
"""
_CHOICE = """\
<div class="choice">
<input type="radio" id="{merchant}" name="merchant_id" value="{merchant}"{checked}>
<label for="{merchant}"><bdi>{name}</bdi> <code>{merchant}</code>
<small>Owner: <bdi>{owner}</bdi> <code>{employee}</code></small>{may}</label>
</div>
"""
_VERBS = {"online": "take", "read": "see", "write": "change"}

_THINGS = {
    "online_payments": "payments online",
    "read_merchant": "merchant data",
    "write_merchant": "merchant data",
}


def consent_page(merchants: list[Sandbox], target: str) -> str:
    """Return the page on which one of these merchants agrees, or denies."""
    first = merchants[0]
    alike = len({each.settings.permissions for each in merchants}) == 1
    if len(merchants) == 1:
        whom, chosen = "this merchant", _ONE.format(**_of(first))
    else:
        whom, chosen = "one of your merchants", _picker(merchants, each_apart=not alike)
    listed = "\n".join(f"<li>{line}</li>" for line in _grants(first.settings.permissions))
    body = _PAGE.format(
        app=text(first.credentials.client_id),
        whom=whom,
        merchants=chosen,
        grants=_GRANTS.format(lines=listed) if alike else "",
        after=f"Either way the browser goes back to <bdi>{text(_where(target))}</bdi>.",
    )
    return page("Allow access?", body, shop="mock-clover")


def guards_of(target: str) -> Headers:
    """Return the headers of a page whose answer sends the browser to a target."""
    return guards((target,))


def _picker(merchants: list[Sandbox], *, each_apart: bool) -> str:
    """Return the merchants to choose from; `each_apart` tells what each allows."""
    choices = "".join(
        _CHOICE.format(
            checked="" if place else " checked",
            may=_may(each.settings.permissions) if each_apart else "",
            **_of(each),
        )
        for place, each in enumerate(merchants)
    )
    return f"<fieldset>\n<legend>Which merchant?</legend>\n{choices}</fieldset>\n"


def _of(merchant: Sandbox) -> dict[str, str]:
    owner = next(people(merchant.seed, 1))
    known = merchant.credentials
    return {
        "name": text(merchant_name(merchant.seed)),
        "merchant": text(known.merchant_id),
        "owner": text(f"{owner.first_name} {owner.last_name}"),
        "employee": text(known.employee_id),
    }


def _may(granted: tuple[Permission, ...] | None) -> str:
    return f"\n<small>{'; '.join(_grants(granted))}</small>"


def _grants(granted: tuple[Permission, ...] | None) -> list[str]:
    """Say what an app may do, a line for each thing that it may do something with."""
    verbs: dict[str, list[str]] = {}
    for name in PERMISSIONS if granted is None else granted:
        verb, _, thing = name.partition("_")
        verbs.setdefault(_THINGS.get(name, thing), []).append(_VERBS[verb])
    lines = [f"{' and '.join(said).capitalize()} {thing}" for thing, said in verbs.items()]
    return lines or ["Nothing: this sandbox grants no permission"]


def _where(target: str) -> str:
    """Return scheme and host of a target as a browser reads them: what precedes an @ is none."""
    scheme, _, rest = target.partition(":")
    host = _HOST.match(rest)
    return f"{scheme}://{host[1].rpartition('@')[2]}" if host else f"{scheme}:"
