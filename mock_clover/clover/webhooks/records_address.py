"""Rules for webhook addresses: private networks are allowed, cloud metadata addresses never are.

A host name is resolved once, and the address is checked here. An IPv6 address that embeds an IPv4
address is checked as both.
"""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

URL_CHARS_MAX = 2_000
_URL = re.compile(r"https?://[!-~]+", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\]")

_PRIVATE = tuple(
    map(
        ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"),
    )
)
"""Loopback and private networks (RFC 1918, RFC 4193). `is_private` includes many more."""
_BLOCKED = {
    "169.254.0.0/16": "a link-local address, used for cloud metadata",
    "fe80::/10": "a link-local address",
    "fd00:ec2::/32": "the metadata address of AWS",
    "fd20:ce::/32": "the metadata address of Google Cloud",
    "100.100.100.200/32": "the metadata address of Alibaba Cloud",
    "168.63.129.16/32": "the metadata address of Azure",
    "192.0.0.0/24": "the metadata address of Oracle Cloud",
    "0.0.0.0/8": "not a host address; use 127.0.0.1",
    "::/128": "not a host address; use [::1]",
    "224.0.0.0/3": "a multicast, reserved or broadcast address",
    "ff00::/8": "a multicast address",
}
_LOCAL_DOMAINS = (".localhost", ".local", ".internal", ".test", ".lan", ".home.arpa")
"""Domains that the public name system does not have, and local ones in common use."""
_BLOCKED_NETWORKS = tuple((ip_network(network), why) for network, why in _BLOCKED.items())
_EMBEDDING = tuple(map(ip_network, ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")))
"""Networks whose last 32 bits are an IPv4 address: compatible, SIIT and NAT64. In a network
without IPv4, a host name with only an IPv4 address resolves to a NAT64 address."""


def url_error(url: str) -> str:
    """Return why a webhook URL is invalid, or ''; host names are not resolved."""
    if len(url) > URL_CHARS_MAX:
        return f"is longer than {URL_CHARS_MAX} characters"
    if not _URL.fullmatch(url):
        near = "" if ":/" in url or not _URL.fullmatch(f"http://{url}") else f"http://{url}"
        suggestion = f"; did you mean `{near}`?" if near else ""
        return f"must be an http:// or https:// URL without spaces or line breaks{suggestion}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "has an invalid host or port"
    if "@" in parts.netloc:
        return "must not contain a user name; use `secret` instead"
    host = host_of(parts)
    if port == 0 or not _HOST.fullmatch(f"[{host}]" if ":" in host else host):
        return "has an invalid host or port"
    if parts.fragment:
        return "must not have a fragment (#…), because fragments are not sent"
    return block_reason(host)


def host_of(parts: SplitResult) -> str:
    """Return the host of a URL in lower case, an IPv6 address without brackets."""
    return (parts.hostname or "").lower()


def block_reason(address: str) -> str:
    """Return the reason why an address is always blocked, or ''. Host names never are."""
    for parsed in _effective_addresses(address):
        for network, why in _BLOCKED_NETWORKS:
            if parsed in network:
                return f"{address} is {why}"
    return ""


def address_note(url: str) -> str:
    """Return under which condition a valid URL gets deliveries, or ''; names are not resolved."""
    host = host_of(urlsplit(url))
    parsed = next(_effective_addresses(host), None)
    if parsed is not None and any(parsed in network for network in _PRIVATE):
        return ""
    if parsed is None and ("." not in host or host.endswith(_LOCAL_DOMAINS)):
        return ""
    need = f"with `mock-clover serve --webhook-host {host}`"
    if parsed is not None:
        return f"{host} is not in a loopback or private network: events are sent only {need}"
    return f"events are sent only if {host} resolves to a loopback or private address, or {need}"


def address_error(address: str, host: str, allowed: tuple[str, ...]) -> str:
    """Return the reason why the resolved address of a host is rejected, or ''."""
    reason = block_reason(address)
    if reason:
        return reason
    parsed = next(_effective_addresses(address), None)
    if parsed is None:
        return f"{address} is not an IP address"
    if host in allowed or any(parsed in network for network in _PRIVATE):
        return ""
    return (
        f"{address} is not in a loopback or private network; "
        f"allow it with `mock-clover serve --webhook-host {host}`"
    )


def _effective_addresses(address: str) -> Iterator[IPv4Address | IPv6Address]:
    """Yield an address as the operating system uses it, then the IPv4 addresses embedded in it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return
    if parsed.version == 4:
        yield parsed
    elif parsed.ipv4_mapped is not None:  # the system connects to the IPv4 address itself
        yield parsed.ipv4_mapped
    else:
        yield parsed
        yield from filter(None, (parsed.sixtofour, *(parsed.teredo or ())))
        if not parsed.is_loopback and any(parsed in network for network in _EMBEDDING):
            yield IPv4Address(int(parsed) & 0xFFFFFFFF)
