"""Which addresses requests to user-given URLs may go to: one policy for all outgoing requests."""

from __future__ import annotations

import ipaddress
import socket
import urllib.parse

from vibe_jupyter.core.errors import Forbidden, InvalidInput

__all__ = ["check_address", "check_url", "checked_host"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = frozenset(
    map(ipaddress.ip_address, ("169.254.169.254", "169.254.170.2", "fd00:ec2::254", "100.100.100.200"))
)


def check_url(url: str, *, allow_private: bool) -> None:
    """Refuse a URL that is none, or whose host is an address that must not be asked.

    A host with a name is checked again when it has been resolved: `check_address`.

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
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise _no_url(url)
    if (address := _as_address(host)) is not None:
        check_address(address, allow_private=allow_private)
    elif host.rstrip(".").lower() == "localhost" or host.lower().rstrip(".").endswith(".localhost"):
        check_address(ipaddress.ip_address("127.0.0.1"), allow_private=allow_private)


def check_address(address: Address, *, allow_private: bool) -> None:
    """Refuse an address that must not be asked; what clouds tell their machines never may.

    Raises:
        Forbidden: `url.forbidden_address`.
    """
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    address = mapped or address
    if address in _METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
        raise Forbidden(f"{address} is no address of a server", code="url.forbidden_address")
    if not allow_private and not address.is_global:
        raise Forbidden(
            f"{address} is an address of this machine or its network",
            code="url.forbidden_address",
            hint="VIBE_ALLOW_PRIVATE_ADDRESSES allows it",
        )


def checked_host(url: str, *, allow_private: bool) -> None:
    """Resolve the host of a URL and check each of its addresses; blocking.

    Raises:
        Forbidden: `url.forbidden_address`.
    """
    check_url(url, allow_private=allow_private)
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return  # the request itself will say so
    for *_, where in found:
        check_address(ipaddress.ip_address(str(where[0]).partition("%")[0]), allow_private=allow_private)


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
    shown = url.partition("?")[0].rpartition("@")[2][:100]
    return InvalidInput(
        f"{shown!r} is no URL of a server",
        code="url.invalid",
        hint="it begins with http:// or https://",
        errors=[{"loc": ["url"], "msg": "not an http(s) URL"}],
    )
