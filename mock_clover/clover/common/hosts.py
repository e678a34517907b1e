"""Clover's host names and the services behind each.

This list is used for the certificate of `serve --tls`, the hosts file, the compose aliases, the
documentation and the hosts that `conformance` may use. The mock serves every path on every name,
because clients use several names for one path.
"""

from typing import Literal, NamedTuple

from mock_clover.core.evidence import Evidence, documented, observed

Service = Literal["charges", "tokens", "oauth", "platform", "recurring", "keys"]
Region = Literal["sandbox", "North America", "Europe", "Latin America"]

DOMAIN = "clover.com"
SANDBOX_DOMAIN = "dev.clover.com"
"""Domain of the sandbox; all other names in `DOMAIN` are production."""


class Host(NamedTuple):
    """A host name: its region, what clients use it for, and the evidence."""

    name: str
    region: Region
    description: str
    evidence: Evidence
    services: tuple[Service, ...] = ()
    """Services that `conformance` uses at this host; only for the sandbox."""


_DASHBOARD = "dashboards, OAuth consent, platform API, hosted checkout, recurring"
_PLATFORM = "platform API, OAuth tokens, hosted checkout"
_CHARGES = "charges, customers, orders, refunds, the API key for tokens"
_TOKENS = "card tokens"
_SCRIPTS = "sdk.js, keys.json, the 3-D Secure script"

_V1 = documented("MD:using-oauth-20")
_V2 = documented("MD:high-trust-app-auth-flow")
_SDK = documented("REF createcharge; NODE")
_TOKENIZED = documented("SEED card token; NODE")
_PAGES = documented("iframe SDK page; no source says that the host has keys.json")
_OTHER_REGIONS = observed("clients in Europe and Latin America")

HOSTS: tuple[Host, ...] = (
    Host(
        name="sandbox.dev.clover.com",
        region="sandbox",
        description=_DASHBOARD,
        evidence=_V2,
        services=("oauth", "recurring"),
    ),
    Host(
        name="apisandbox.dev.clover.com",
        region="sandbox",
        description=_PLATFORM,
        evidence=_V2,
        services=("platform",),
    ),
    Host(
        name="scl-sandbox.dev.clover.com",
        region="sandbox",
        description=_CHARGES,
        evidence=_SDK,
        services=("charges",),
    ),
    Host(
        name="token-sandbox.dev.clover.com",
        region="sandbox",
        description=_TOKENS,
        evidence=_TOKENIZED,
        services=("tokens",),
    ),
    Host(
        name="checkout.sandbox.dev.clover.com",
        region="sandbox",
        description=_SCRIPTS,
        evidence=_PAGES,
        services=("keys",),
    ),
    Host(name="www.clover.com", region="North America", description=_DASHBOARD, evidence=_V2),
    Host(name="api.clover.com", region="North America", description=_PLATFORM, evidence=_V2),
    Host(name="scl.clover.com", region="North America", description=_CHARGES, evidence=_SDK),
    Host(name="token.clover.com", region="North America", description=_TOKENS, evidence=_TOKENIZED),
    Host(
        name="checkout.clover.com",
        region="North America",
        description=_SCRIPTS,
        evidence=documented("iframe SDK page"),
    ),
    Host(name="www.eu.clover.com", region="Europe", description=_DASHBOARD, evidence=_V2),
    Host(name="eu.clover.com", region="Europe", description="OAuth v1", evidence=_V1),
    Host(name="api.eu.clover.com", region="Europe", description=_PLATFORM, evidence=_V2),
    Host(name="scl.eu.clover.com", region="Europe", description=_CHARGES, evidence=_OTHER_REGIONS),
    Host(name="token.eu.clover.com", region="Europe", description=_TOKENS, evidence=_OTHER_REGIONS),
    Host(name="www.la.clover.com", region="Latin America", description=_DASHBOARD, evidence=_V2),
    Host(name="la.clover.com", region="Latin America", description="OAuth v1", evidence=_V1),
    Host(name="api.la.clover.com", region="Latin America", description=_PLATFORM, evidence=_V2),
    Host(
        name="scl.la.clover.com",
        region="Latin America",
        description=_CHARGES,
        evidence=_OTHER_REGIONS,
    ),
    Host(
        name="token.la.clover.com",
        region="Latin America",
        description=_TOKENS,
        evidence=_OTHER_REGIONS,
    ),
)
NAMES: tuple[str, ...] = tuple(host.name for host in HOSTS)


def sandbox_host(service: Service) -> str:
    """Return the host name of the sandbox for a service."""
    return next(host.name for host in HOSTS if service in host.services)
