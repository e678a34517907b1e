"""Clover's host names, and what each serves.

The only source for the certificate of `serve --tls`, the lines for a hosts file, the aliases for
compose, the page that lists the names, and the hosts that `conformance` may use. The mock serves
every path on every name, because clients use several names for one path.
"""

from typing import Literal, NamedTuple

from mock_clover.core.evidence import Fact, documented, observed

Service = Literal["charges", "tokens", "oauth", "platform", "recurring", "keys"]
Region = Literal["sandbox", "North America", "Europe", "Latin America"]

DOMAIN = "clover.com"
SANDBOX_DOMAIN = "dev.clover.com"
"""Names with this suffix are the sandbox; all others in the domain are production."""


class Host(NamedTuple):
    """One host name: its region, what clients use it for, and the evidence."""

    name: str
    region: Region
    serves: str
    fact: Fact
    services: tuple[Service, ...] = ()
    """Services that `conformance` uses there; only for the sandbox's names."""


_DASHBOARD = "dashboards, OAuth consent, platform API, hosted checkout, recurring"
_PLATFORM = "platform API, OAuth tokens, hosted checkout"
_CHARGES = "charges, customers, orders, refunds, the key for tokens"
_TOKENS = "card tokens"
_SCRIPTS = "sdk.js, keys.json, 3-D Secure's script"

_V1 = documented("MD:using-oauth-20")
_V2 = documented("MD:high-trust-app-auth-flow")
_SDK = documented("REF createcharge; NODE")
_TOKENISED = documented("SEED card token; NODE")
_PAGES = documented("iframe SDK page; that it has keys.json was not found")
_ABROAD = observed("clients of Clover in Europe and Latin America")

HOSTS: tuple[Host, ...] = (
    Host("sandbox.dev.clover.com", "sandbox", _DASHBOARD, _V2, ("oauth", "recurring")),
    Host("apisandbox.dev.clover.com", "sandbox", _PLATFORM, _V2, ("platform",)),
    Host("scl-sandbox.dev.clover.com", "sandbox", _CHARGES, _SDK, ("charges",)),
    Host("token-sandbox.dev.clover.com", "sandbox", _TOKENS, _TOKENISED, ("tokens",)),
    Host("checkout.sandbox.dev.clover.com", "sandbox", _SCRIPTS, _PAGES, ("keys",)),
    Host("www.clover.com", "North America", _DASHBOARD, _V2),
    Host("api.clover.com", "North America", _PLATFORM, _V2),
    Host("scl.clover.com", "North America", _CHARGES, _SDK),
    Host("token.clover.com", "North America", _TOKENS, _TOKENISED),
    Host("checkout.clover.com", "North America", _SCRIPTS, documented("iframe SDK page")),
    Host("www.eu.clover.com", "Europe", _DASHBOARD, _V2),
    Host("eu.clover.com", "Europe", "OAuth v1", _V1),
    Host("api.eu.clover.com", "Europe", _PLATFORM, _V2),
    Host("scl.eu.clover.com", "Europe", _CHARGES, _ABROAD),
    Host("token.eu.clover.com", "Europe", _TOKENS, _ABROAD),
    Host("www.la.clover.com", "Latin America", _DASHBOARD, _V2),
    Host("la.clover.com", "Latin America", "OAuth v1", _V1),
    Host("api.la.clover.com", "Latin America", _PLATFORM, _V2),
    Host("scl.la.clover.com", "Latin America", _CHARGES, _ABROAD),
    Host("token.la.clover.com", "Latin America", _TOKENS, _ABROAD),
)
NAMES: tuple[str, ...] = tuple(host.name for host in HOSTS)


def sandbox_host(service: Service) -> str:
    """Return the sandbox's name for a service."""
    return next(host.name for host in HOSTS if service in host.services)
