"""HTML of the OAuth consent page."""

import re

from mock_clover.clover.common.permissions import PERMISSIONS, Permission
from mock_clover.engine.html import Headers, escape_html, page, security_headers
from mock_clover.sandbox.people import generate_people, merchant_name
from mock_clover.sandbox.sandbox import Sandbox

_PERMISSIONS = """\
<h2>Permissions</h2>
<ul class="grants">
{lines}
</ul>
"""
_HOST = re.compile(r"[/\\]{2}([^/\\?#]+)")
_PAGE = """\
<form class="sheet" method="post">
<p>The app <code>{app}</code> requests access to the data of {subject}.</p>
{merchants}{permissions}<p class="quiet">{redirect_notice}</p>
<button class="main" name="do" value="approve">Approve</button>
<button name="do" value="deny">Deny</button>
</form>
"""
_ERROR = """\
<div class="sheet">
<div class="wrong">
<p>{message}</p>
</div>
<p>The app sent you here with a wrong address. <code>mock-clover env</code> prints the client id of
the sandbox; the app's redirect URL must be a URL of the app.</p>
</div>"""
_SINGLE_MERCHANT = """\
<dl>
<dt>Merchant</dt>
<dd><bdi>{name}</bdi> <code>{merchant}</code></dd>
<dt>Approved by its owner</dt>
<dd><bdi>{owner}</bdi> <code>{employee}</code></dd>
</dl>
"""
_MERCHANT_OPTION = """\
<div class="choice">
<input type="radio" id="{merchant}" name="merchant_id" value="{merchant}"{checked}>
<label for="{merchant}"><bdi>{name}</bdi> <code>{merchant}</code>
<small>Owner: <bdi>{owner}</bdi> <code>{employee}</code></small>{permissions}</label>
</div>
"""
_VERBS = {"online": "accept", "read": "view", "write": "change"}

_NOUNS = {
    "online_payments": "payments online",
    "read_merchant": "merchant data",
    "write_merchant": "merchant data",
}


def consent_page(merchants: list[Sandbox], target: str) -> str:
    """Return the page on which one of these merchants approves or denies access."""
    first = merchants[0]
    same_grants = len({merchant.settings.permissions for merchant in merchants}) == 1
    if len(merchants) == 1:
        subject, chosen = "this merchant", _SINGLE_MERCHANT.format(**_merchant_fields(first))
    else:
        subject, chosen = (
            "one of your merchants",
            _merchant_picker(merchants, list_permissions_each=not same_grants),
        )
    listed = "\n".join(f"<li>{line}</li>" for line in _permission_lines(first.settings.permissions))
    body = _PAGE.format(
        app=escape_html(first.credentials.client_id),
        subject=subject,
        merchants=chosen,
        permissions=_PERMISSIONS.format(lines=listed) if same_grants else "",
        redirect_notice=(
            "In either case, you will be redirected to "
            f"<bdi>{escape_html(_display_origin(target))}</bdi>."
        ),
    )
    return page("Allow access?", body, shop="mock-clover")


def error_page(message: str) -> str:
    """Return the page of a request that cannot be approved."""
    return page("Cannot connect the app", _ERROR.format(message=escape_html(message)))


def security_headers_for(target: str) -> Headers:
    """Return the security headers of a page that redirects to a target."""
    return security_headers((target,))


def _merchant_picker(merchants: list[Sandbox], *, list_permissions_each: bool) -> str:
    """Return one radio button per merchant; `list_permissions_each` adds its permissions."""
    choices = "".join(
        _MERCHANT_OPTION.format(
            checked="" if place else " checked",
            permissions=_permissions_html(merchant.settings.permissions)
            if list_permissions_each
            else "",
            **_merchant_fields(merchant),
        )
        for place, merchant in enumerate(merchants)
    )
    return f"<fieldset>\n<legend>Choose a merchant</legend>\n{choices}</fieldset>\n"


def _merchant_fields(merchant: Sandbox) -> dict[str, str]:
    owner = next(generate_people(merchant.seed, 1))
    credentials = merchant.credentials
    return {
        "name": escape_html(merchant_name(merchant.seed)),
        "merchant": escape_html(credentials.merchant_id),
        "owner": escape_html(f"{owner.first_name} {owner.last_name}"),
        "employee": escape_html(credentials.employee_id),
    }


def _permissions_html(granted: tuple[Permission, ...] | None) -> str:
    return f"\n<small>{'; '.join(_permission_lines(granted))}</small>"


def _permission_lines(granted: tuple[Permission, ...] | None) -> list[str]:
    """Return what an app is allowed to do, one line per kind of data."""
    verbs: dict[str, list[str]] = {}
    for name in PERMISSIONS if granted is None else granted:
        verb, _, noun = name.partition("_")
        verbs.setdefault(_NOUNS.get(name, noun), []).append(_VERBS[verb])
    lines = [
        f"{' and '.join(verbs_of_noun).capitalize()} {noun}"
        for noun, verbs_of_noun in verbs.items()
    ]
    return lines or ["None: this sandbox grants no permissions"]


def _display_origin(target: str) -> str:
    """Return the scheme and host of a URL as a browser reads them, without user information."""
    scheme, _, rest = target.partition(":")
    host = _HOST.match(rest)
    return f"{scheme}://{host[1].rpartition('@')[2]}" if host else f"{scheme}:"
