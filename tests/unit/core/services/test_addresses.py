"""Which addresses requests may go to: every spelling of one that must not be asked is refused."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.errors import Forbidden, InvalidInput
from vibe_jupyter.core.services.addresses import check_address, check_url, resolved

THIS_MACHINE = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "localhost", "LOCALHOST", "localhost.",
    "a.localhost", "a.localhost.", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[2002:7f00:1::]", "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "\u24dbocalhost",
]  # fmt: skip
PRIVATE = [
    "10.0.0.1",
    "192.168.1.1",
    "172.16.0.1",
    "100.64.0.1",
    "[fd00::1]",
    "[fec0::1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:0:10.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[64:ff9b:1::5db8:d822]",
    "[64:ff9b:1:5db8:d8:2200::]",
]
NEVER = [
    "169.254.169.254", "2852039166", "0xa9fea9fe", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]",
    "[fd00:ec2::254]", "169.254.170.2", "100.100.100.200", "[fe80::1]", "[fe80::1%25eth0]", "0.0.0.0", "0", "[::]",
    "224.0.0.1", "[ff02::1]", "169.254.1.1", "168.63.129.16", "192.0.0.192", "[::ffff:168.63.129.16]",
    "[::ffff:0:169.254.169.254]", "[::ffff:0:a9fe:a9fe]", "[64:ff9b:1::a9fe:a9fe]", "[64:ff9b:1:a9fe:a9:fe00::]",
    "[64:ff9b:1:0:a9:fea9:fe00:0]", "[64:ff9b::a83f:8110]",
]  # fmt: skip
NO_URLS = [
    "", "files", "ftp://example.com/", "file:///etc/passwd", "http://", "http:///x", "https://:80/",
    "javascript:alert(1)",
    "http://example.com:0/", "http://example.com:99999/", "http://example.com:x/", "http://[::1/", "//example.com/",
    "http://127.0.0.1\\@example.com/", "http://exa\tmple.com/", "http://exam ple.com/", "http://example.com/\r\nX: y",
    "http://example.com/\x00", "http://127\u00ad.0.0.1/", "http://127.0.0.1\u200b/", "http://local\u2060host/",
]  # fmt: skip


@pytest.mark.parametrize("host", THIS_MACHINE + PRIVATE)
def test_this_machine_and_its_network_take_a_permission(host: str) -> None:
    url = f"http://{host}:8000/mcp"
    check_url(url, allow_private=True)
    with pytest.raises(Forbidden) as caught:
        check_url(url, allow_private=False)
    assert caught.value.code == "url.forbidden_address"
    assert "VIBE_ALLOW_PRIVATE_ADDRESSES" in str(caught.value)


@pytest.mark.parametrize("is_allowed", [True, False])
@pytest.mark.parametrize("host", NEVER)
def test_what_a_cloud_tells_its_machines_is_never_asked(host: str, is_allowed: bool) -> None:
    with pytest.raises(Forbidden):
        check_url(f"http://{host}/latest/meta-data/", allow_private=is_allowed)


@pytest.mark.parametrize("url", NO_URLS)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_url(url, allow_private=True)
    assert caught.value.code == "url.invalid"


@pytest.mark.parametrize(
    "url",
    [
        "https://mcp.example.com/sse",
        "http://8.8.8.8/",
        "https://[2606:4700::1111]:8443/x?y=1#z",
        "HTTPS://EXAMPLE.COM",
    ],
)
def test_the_open_internet_may_be_asked(url: str) -> None:
    check_url(url, allow_private=False)


def test_the_host_is_what_stands_behind_the_user() -> None:
    check_url("http://127.0.0.1@example.com/", allow_private=False)
    with pytest.raises(Forbidden):
        check_url("http://example.com@127.0.0.1/", allow_private=False)


def test_an_error_shows_neither_password_nor_query() -> None:
    with pytest.raises(InvalidInput) as caught:
        check_url("ftp://ada:s3cret@example.com/?token=t0ken#s3cret", allow_private=True)
    assert "s3cret" not in str(caught.value)
    assert "t0ken" not in str(caught.value)


@given(st.ip_addresses(v=4))
def test_an_ipv6_spelling_is_judged_as_the_ipv4_address_that_it_carries(
    address: ipaddress.IPv4Address,
) -> None:
    def is_allowed(one: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        try:
            check_address(one, allow_private=False)
        except Forbidden:
            return False
        return True

    number = int(address)
    spellings = [0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80]
    assert {is_allowed(ipaddress.IPv6Address(one)) for one in spellings} == {is_allowed(address)}


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_is_refused_with_a_code(text: str) -> None:
    codes = set()
    for url in (text, f"http://{text}", f"http://{text}/mcp"):
        try:
            check_url(url, allow_private=False)
        except (InvalidInput, Forbidden) as error:
            codes.add(error.code)
    assert codes <= {"url.invalid", "url.forbidden_address"}


@pytest.mark.asyncio
class TestResolved:
    async def test_a_name_is_judged_by_what_it_means(self) -> None:
        assert set(await resolved("localhost", 80, allow_private=True)) <= {"127.0.0.1", "::1"}
        with pytest.raises(Forbidden):
            await resolved("localhost", 80, allow_private=False)

    async def test_one_address_that_must_not_be_asked_is_one_too_many(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def two(*_: Any, **__: Any) -> list[Any]:
            return [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 80))
                for one in ("93.184.216.34", "10.0.0.7")
            ]

        monkeypatch.setattr(socket, "getaddrinfo", two)
        assert await resolved("rebinding.example", 80, allow_private=True) == ["93.184.216.34", "10.0.0.7"]
        with pytest.raises(Forbidden):
            await resolved("rebinding.example", 80, allow_private=False)

    async def test_an_unknown_name_is_the_systems_error(self) -> None:
        with pytest.raises(socket.gaierror):
            await resolved("no-such-host.invalid", 80, allow_private=True)
