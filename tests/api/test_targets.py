"""Webhooks reach public addresses only, whatever a URL or a name server says."""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, ip_address, ip_network

import httpcore2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.targets import (
    CheckedNetwork,
    RefusedTarget,
    Resolve,
    Targets,
    embedded_address,
    is_public,
    parse_target,
)
from rag.settings import Settings
from tests.api.receiver import receiver

PUBLIC = ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "2001:4860:4860::8888", "1.1.1.1"]
NOT_PUBLIC = [
    "127.0.0.1",
    "127.255.0.9",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",  # metadata of AWS, Azure, Google and others
    "169.254.170.2",  # of containers at AWS
    "100.64.0.1",
    "100.100.100.200",  # metadata of Alibaba
    "168.63.129.16",
    "192.0.0.192",
    "192.0.0.1",
    "192.0.2.7",
    "192.88.99.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "0.0.0.0",  # noqa: S104 - nothing is bound
    "0.1.2.3",
    "::",
    "::1",
    "::127.0.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",  # metadata of AWS
    "ff02::1",
    "100::1",
    "2001:db8::1",
    "2001::1",
    "3fff::1",
    "5f00::1",
    "64:ff9b:1::1",
    "4000::1",
]
IPV4_SPECIAL = [IPv4Address(one) for one in NOT_PUBLIC if ":" not in one]


def embedding(address: str) -> list[str]:
    """The IPv6 addresses by which an IPv4 address is reached: mapped, NAT64, 6to4."""
    inner = int(ip_address(address))
    words = f"{inner >> 16:x}:{inner & 0xFFFF:x}"
    return [f"::ffff:{address}", f"::ffff:{words}", f"64:ff9b::{words}", f"2002:{words}::1"]


def answering(*addresses: str) -> Resolve:
    """A name server that gives every name these addresses."""

    async def found(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return found


def check(url: str, *allowed: str, addresses: Sequence[str] = ()) -> None:
    """Check a URL as the system resolves it, or as a name server that says this."""
    settings = Settings.model_validate({"webhook_allow_private": ",".join(allowed)})
    targets = Targets(settings.webhook_allow_private)
    if addresses:
        targets = Targets(settings.webhook_allow_private, answering(*addresses))
    asyncio.run(targets.check(url))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))
    check("https://hooks.example/x", addresses=[address])


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_another_address_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(RefusedTarget, match="is not public"):
        check("https://hooks.example/x", addresses=[address])


@pytest.mark.parametrize("address", [one for one in NOT_PUBLIC if ":" not in one])
def test_an_ipv4_address_is_looked_for_in_ipv6(address: str) -> None:
    for outer in embedding(address):
        assert str(embedded_address(ip_address(outer))) == address
        assert not is_public(ip_address(outer)), outer


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14"])
def test_a_public_address_within_ipv6_is_public(address: str) -> None:
    assert all(is_public(ip_address(outer)) for outer in embedding(address))


@given(st.ip_addresses(v=4) | st.sampled_from(IPV4_SPECIAL))
def test_what_python_calls_private_is_not_public_in_any_form(address: IPv4Address) -> None:
    is_special = not address.is_global or address.is_multicast
    for form in [str(address), *embedding(str(address))]:
        assert not (is_special and is_public(ip_address(form))), form


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[fe80::1]",
        "localhost",
        "LOCALHOST.",
        "169.254.169.254",
        "2852039166",
    ],
)
def test_a_private_host_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises(RefusedTarget):
        check(f"https://{host}/x")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://hooks.example/x", "over https only"),
        ("ftp://hooks.example/x", "not 'ftp'"),
        ("file:///etc/passwd", "not 'file'"),
        ("gopher://hooks.example/", "not 'gopher'"),
        ("hooks.example/x", "not ''"),
        ("https:///x", "https://HOST/PATH"),
        ("https://", "https://HOST/PATH"),
        ("", "https://HOST/PATH"),
        ("https://user:pass@hooks.example/x", "no user or password"),
        ("https://token@hooks.example/x", "no user or password"),
        ("https://hooks.example\\@10.0.0.1/x", "backslash"),
        ("https://hooks.example/a b", "no space"),
        ("https://hooks.example/\r\nx: y", "no space"),
        ("https://hooks.example/\x00", "no space"),
        ("https://höoks.example/", "ASCII"),
        ("https://hooks.example:99999/", "port is 99999"),
        ("https://hooks.example:0/", "port is 0"),
        ("https://[::1/", "can not be read"),
        ("https://hooks.example/" + "x" * 2048, "2048"),
    ],
)
def test_a_url_of_another_kind_is_refused(url: str, reason: str) -> None:
    with pytest.raises(RefusedTarget, match=reason):
        check(url, addresses=["8.8.8.8"])


def test_a_url_is_taken_apart_once() -> None:
    target = parse_target("https://Hooks.Example:8443/a%20b?c=d#e")
    assert (target.scheme, target.host, target.port) == ("https", "hooks.example", 8443)
    assert (target.authority, target.path) == (b"hooks.example:8443", b"/a%20b?c=d")
    assert parse_target("https://[2606:4700::1111]").authority == b"[2606:4700::1111]"
    assert parse_target("https://hooks.example").port == 443


def test_a_host_is_refused_if_one_of_its_addresses_is() -> None:
    with pytest.raises(RefusedTarget, match=r"10\.0\.0\.1, which is not public"):
        check("https://hooks.example/", addresses=["8.8.8.8", "10.0.0.1"])


def test_what_is_allowed_may_be_private_and_without_tls() -> None:
    check("http://10.1.2.3/", "10.1.0.0/16")
    check("https://hooks.lan/", "hooks.lan", addresses=["10.9.9.9"])
    check("http://Hooks.LAN./", "hooks.lan", addresses=["10.9.9.9"])
    check("http://hooks.lan/", "10.9.0.0/16", addresses=["::ffff:10.9.9.9"])
    check("http://[fd00::7]/", "fd00::/8")


def test_what_is_allowed_is_that_and_no_more() -> None:
    for url, addresses in [
        ("http://10.2.0.1/", ["10.2.0.1"]),
        ("https://hooks.lan.evil.example/", ["10.9.9.9"]),
        ("https://evil-hooks.lan/", ["10.9.9.9"]),
        ("https://x.hooks.lan/", ["10.9.9.9"]),
        ("http://public.example/", ["8.8.8.8"]),
        ("http://both.example/", ["10.1.0.1", "8.8.8.8"]),
    ]:
        with pytest.raises(RefusedTarget):
            check(url, "hooks.lan", "10.1.0.0/16", addresses=addresses)


def test_a_host_that_can_not_be_resolved_is_named() -> None:
    async def nowhere(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(-2, "Name or service not known")

    targets = Targets(resolve=nowhere)
    with pytest.raises(RefusedTarget, match=r"'hooks.example' has no address: .*not known"):
        asyncio.run(targets.check("https://hooks.example/"))
    with pytest.raises(RefusedTarget, match="has no address"):
        asyncio.run(Targets(resolve=answering()).check("https://hooks.example/"))
    with pytest.raises(RefusedTarget, match="has no address"):
        check(f"https://{'x' * 64}.example/")


def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    asked: list[str] = []

    async def rebinding(host: str, _port: int) -> Sequence[str]:
        """The first look-up is public, and every later one this machine."""
        asked.append(host)
        return ["8.8.8.8"] if len(asked) == 1 else ["127.0.0.1"]

    targets = Targets(resolve=rebinding)

    async def connect(port: int) -> None:
        target = await targets.check(f"https://hooks.example:{port}/")
        await CheckedNetwork(targets, target).connect_tcp(target.host, target.port, timeout=5)

    with receiver(200) as hooks, pytest.raises(RefusedTarget, match=r"127\.0\.0\.1"):
        asyncio.run(connect(hooks.port))
    assert asked == ["hooks.example"] * 2
    assert hooks.got == []


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    async def connect(port: int) -> str:
        targets = Targets((ip_network("127.0.0.0/8"),), answering("127.0.0.2", "127.0.0.1"))
        target = await targets.check(f"http://hooks.example:{port}/")
        stream = await CheckedNetwork(targets, target).connect_tcp(target.host, port, timeout=5)
        try:
            return str(stream.get_extra_info("server_addr")[0])
        finally:
            await stream.aclose()

    with receiver(200) as hooks:
        assert asyncio.run(connect(hooks.port)) == "127.0.0.1"
    with pytest.raises(httpcore2.ConnectError):
        asyncio.run(connect(hooks.port))


def test_a_connection_goes_to_its_target_and_nowhere_else() -> None:
    async def connect() -> None:
        targets = Targets(resolve=answering("8.8.8.8"))
        target = await targets.check("https://hooks.example/")
        await CheckedNetwork(targets, target).connect_tcp("other.example", 443)

    with pytest.raises(RefusedTarget, match=r"not to 'other\.example'"):
        asyncio.run(connect())
