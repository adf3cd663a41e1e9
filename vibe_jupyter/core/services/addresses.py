"""Which addresses requests to user-given URLs may go to: one policy for all outgoing requests.

A host that is a name is checked when it has been resolved, at the moment of connecting: `resolved`. What it meant a
moment before says nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import unicodedata
import urllib.parse
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import Forbidden, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_address", "check_url", "resolved"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        (
            "169.254.169.254",
            "169.254.170.2",
            "fd00:ec2::254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
        ),
    )
)
_WITH_IPV4_LAST = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::ffff:0:0:0/96")))
"""NAT64 (RFC 6052) and SIIT (RFC 7915): the last 32 bits are an IPv4 address."""
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
"""Of a network's own translators (RFC 8215), which put the IPv4 address where they want."""
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_NOT_IN_A_URL = re.compile(
    r"[\x00-\x20\x7f\\\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
"""What programs read differently, invisible characters above all: one sees another host there than the next one."""


def check_url(url: str, *, allow_private: bool) -> None:
    """Refuse a URL that is none, or whose host is an address that must not be asked.

    Raises:
        InvalidInput: `url.invalid`.
        Forbidden: `url.forbidden_address`.

    >>> check_url("http://127.0.0.1:3000/mcp", allow_private=True)
    >>> check_url("http://2130706433/", allow_private=False)
    Traceback (most recent call last):
        ...
    vibe_jupyter.core.errors.Forbidden: [url.forbidden_address] 127.0.0.1 is an address of this machine or its network
    hint: VIBE_ALLOW_PRIVATE_ADDRESSES allows it
    """
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _no_url(url) from None
    if parts.scheme not in ("http", "https") or not host or port == 0 or _NOT_IN_A_URL.search(url):
        raise _no_url(url)
    # As IDNA does, to full-width digits and the ideographic full stop as well.
    host = unicodedata.normalize("NFKC", host).replace("\u3002", ".").rstrip(".").lower()
    if (address := _as_address(host)) is not None:
        check_address(address, allow_private=allow_private)
    elif host == "localhost" or host.endswith(".localhost"):
        check_address(ipaddress.ip_address("127.0.0.1"), allow_private=allow_private)


def check_address(address: Address, *, allow_private: bool) -> None:
    """Refuse an address that must not be asked; what clouds tell their machines never may.

    Raises:
        Forbidden: `url.forbidden_address`.
    """
    address = _inner(address)
    is_translated = isinstance(address, ipaddress.IPv6Address) and address in _LOCAL_NAT64
    is_told_to_machines = any(one in _METADATA or one.is_link_local for one in _meant(address))
    if is_told_to_machines or address.is_multicast or address.is_unspecified:
        raise Forbidden(f"{address} is no address of a server", code="url.forbidden_address")
    is_private = is_translated or not address.is_global or getattr(address, "is_site_local", False)
    if is_private and not allow_private:
        raise Forbidden(
            f"{address} is an address of this machine or its network",
            code="url.forbidden_address",
            hint="VIBE_ALLOW_PRIVATE_ADDRESSES allows it",
        )


async def resolved(host: str, port: int, *, allow_private: bool) -> list[str]:
    """Return the addresses of a host to connect to: none if it has one that must not be asked.

    Raises:
        Forbidden: `url.forbidden_address`.
        OSError: if the host is not known.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(where[0]) for *_, where in found))
    for address in addresses:
        check_address(ipaddress.ip_address(address.partition("%")[0]), allow_private=allow_private)
    return addresses


def _inner(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address carries, in whichever way it does."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour or address
    is_compatible = address in _COMPATIBLE and int(address) > 0xFFFF
    if is_compatible or any(address in network for network in _WITH_IPV4_LAST):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _meant(address: Address) -> Iterator[Address]:
    """Yield an address, and those that a local translator may take it for, by the length of its prefix."""
    yield address
    if isinstance(address, ipaddress.IPv6Address) and address in _LOCAL_NAT64:
        bits = int(address)  # RFC 6052, section 2.2: 48, 56, 64 and 96
        yield ipaddress.IPv4Address((bits >> 64 & 0xFFFF) << 16 | bits >> 40 & 0xFFFF)
        yield ipaddress.IPv4Address((bits >> 64 & 0xFF) << 24 | bits >> 32 & 0xFFFFFF)
        yield ipaddress.IPv4Address(bits >> 24 & 0xFFFFFFFF)
        yield ipaddress.IPv4Address(bits & 0xFFFFFFFF)


def _as_address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:  # 2130706433, 0x7f.1, 0177.0.0.1: what the C library takes for an address as well
        return ipaddress.ip_address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def _no_url(url: str) -> InvalidInput:
    shown = re.split(r"[?#]", url)[0].rpartition("@")[2][:100]
    return InvalidInput(
        f"{shown!r} is no URL of a server",
        code="url.invalid",
        hint="it begins with http:// or https://",
        errors=[{"loc": ["url"], "msg": "not an http(s) URL"}],
    )
