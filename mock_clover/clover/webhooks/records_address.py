"""Which addresses a webhook may be sent to: the tester's own networks, never a cloud's metadata.

A name says nothing: it is looked up once, and what it means is judged here. An IPv6 address that
carries an IPv4 address inside it is judged by both.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

URL_CHARS_MAX = 2_000
_URL = re.compile(r"https?://[!-~]+", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\]")

_OURS = (
    *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    *("::1/128", "fc00::/7"),
)
"""Loopback and private networks (RFC 1918, RFC 4193)."""
_NEVER = {
    "169.254.0.0/16": "a link-local address, where clouds keep their metadata",
    "fe80::/10": "a link-local address",
    "fd00:ec2::/32": "where AWS keeps its metadata",
    "fd20:ce::/32": "where Google keeps its metadata",
    "100.100.100.200/32": "where Alibaba keeps its metadata",
    "168.63.129.16/32": "where Azure keeps its metadata",
    "192.0.0.0/24": "where Oracle keeps its metadata",
    "0.0.0.0/8": "no address of a host; give 127.0.0.1",
    "::/128": "no address of a host; give [::1]",
    "224.0.0.0/3": "a multicast, reserved or broadcast address",
    "ff00::/8": "a multicast address",
}


def wrong_url(url: str) -> str:
    """Say what is wrong with a webhook's URL, or '' for nothing; a name is not looked up."""
    if len(url) > URL_CHARS_MAX:
        return f"is longer than {URL_CHARS_MAX} characters"
    if not _URL.fullmatch(url):
        return "is no URL: give http:// or https://, without spaces or line breaks"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no URL: its host or port cannot be read"
    if "@" in parts.netloc:
        return "holds a user name; give a secret instead"
    host = host_of(parts)
    if port == 0 or not _HOST.fullmatch(f"[{host}]" if ":" in host else host):
        return "is no URL: its host or port cannot be read"
    if parts.fragment:
        return "has a fragment, which is never sent"
    return never(host)


def host_of(parts: SplitResult) -> str:
    """Return the host of a URL: lower case, an IPv6 address without its brackets."""
    return (parts.hostname or "").lower()


def never(address: str) -> str:
    """Say why an address is refused whatever is allowed, or '': it is not, or it is a name."""
    for form in _forms(address):
        for network, why in _NEVER.items():
            if _is_in(form, network):
                return f"{address} is {why}"
    return ""


def refusal(address: str, host: str, allowed: tuple[str, ...]) -> str:
    """Say why nothing is sent to the address that a host's name means, or ''."""
    why = never(address)
    if why:
        return why
    mapped = next(_forms(address), None)
    if mapped is None:
        return f"{address} is no address"
    if host in allowed or any(_is_in(mapped, network) for network in _OURS):
        return ""
    return (
        f"{address} is outside of loopback and private networks; "
        f"allow it with `mock-clover serve --webhook-host {host}`"
    )


def _is_in(address: "IPv4Address | IPv6Address", network: str) -> bool:
    from ipaddress import ip_network

    return address in ip_network(network)  # never in one of the other version


def _forms(address: str) -> "Iterator[IPv4Address | IPv6Address]":
    """Yield what an address means to the system, then the IPv4 addresses that are inside it."""
    from ipaddress import IPv4Address, ip_address

    try:
        whole = ip_address(address)
    except ValueError:
        return
    if whole.version == 4:
        yield whole
        return
    bits = int(whole)
    low, top = IPv4Address(bits & 0xFFFFFFFF), bits >> 96
    if whole.ipv4_mapped is not None:  # the system connects to the IPv4 address itself
        yield whole.ipv4_mapped
        return
    yield whole
    if bits >> 32 == 0 and bits > 1:  # ::a.b.c.d, deprecated
        yield low
    if bits >> 32 == 0xFFFF0000:  # ::ffff:0:a.b.c.d of SIIT
        yield low
    if top == 0x0064FF9B or bits >> 80 == 0x0064FF9B0001:  # NAT64, RFC 6052 and 8215
        yield low
    if bits >> 112 == 0x2002:  # 6to4
        yield IPv4Address(bits >> 80 & 0xFFFFFFFF)
    if top == 0x20010000:  # Teredo: its server, and its client turned over
        yield IPv4Address(bits >> 64 & 0xFFFFFFFF)
        yield IPv4Address(~bits & 0xFFFFFFFF)
    if bits >> 32 & 0xFDFFFFFF == 0x00005EFE:  # ISATAP
        yield low
