"""Where webhooks may go: a guard against server-side request forgery.

A URL is taken apart once, its host is resolved by the connection itself, every address that came
is checked, and one of those is connected to. So no second parser and no second look-up can lead
elsewhere. Only public addresses pass, unless the operator allows others.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import httpcore2
import httpx2

from corpus.errors import InvalidRequest
from rag.settings import HostOrNetwork

_MAX_URL = 2048  # characters
_PORTS = {"http": 80, "https": 443}

# Not public, although `is_global` of Python 3.11 holds for them.
_NOT_PUBLIC = tuple(
    ip_network(one)
    for one in (
        "168.63.129.16/32",  # Azure's services for the machine itself, metadata among them
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata is at 192.0.0.192
        "192.88.99.0/24",  # relays of 6to4
        "2001::/23",  # protocol assignments, Teredo among them
        "3fff::/20",  # documentation
    )
)
_UNICAST = IPv6Network("2000::/3")  # all that is given to anybody in IPv6
_NAT64 = IPv6Network("64:ff9b::/96")  # an IPv4 address is in its last 32 bits (RFC 6052)

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class RefusedTarget(InvalidRequest):
    """A URL that webhooks may not be sent to."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart: what is connected to, and what is sent as its host and its path."""

    scheme: str
    host: str
    port: int
    authority: bytes  # the host, with the port where it is not the scheme's own
    path: bytes  # with the query


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host as the system finds them; raises OSError or UnicodeError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True)
class Targets:
    """What may be reached: public addresses over TLS, and `allowed` hosts and networks anyhow."""

    allowed: tuple[HostOrNetwork, ...] = ()
    resolve: Resolve = resolve

    async def check(self, url: str) -> Target:
        """A URL taken apart; raises RefusedTarget unless it can be sent to now."""
        target = parse_target(url)
        await self.addresses(target)
        return target

    async def addresses(self, target: Target) -> Sequence[str]:
        """The addresses of a target, all of which may be reached; raises RefusedTarget."""
        try:
            found = await self.resolve(target.host, target.port)
        except (OSError, UnicodeError) as error:
            raise RefusedTarget(
                f"The webhook's host {target.host!r} has no address: {error}. Check its name."
            ) from error
        for text in found:
            self._require(target, ip_address(text))
        if not found:
            raise RefusedTarget(f"The webhook's host {target.host!r} has no address.")
        return found

    def _require(self, target: Target, address: Address) -> None:
        if self._is_allowed(target.host, address):
            return
        if not is_public(address):
            raise RefusedTarget(
                f"The webhook's host {target.host!r} has the address {address}, which is not "
                "public. Name the host or its network in PINCITE_WEBHOOK_ALLOW_PRIVATE if "
                "webhooks may go there."
            )
        if target.scheme != "https":
            raise RefusedTarget(
                f"The webhook's host {target.host!r} is public, and so is sent to over https only."
            )

    def _is_allowed(self, host: str, address: Address) -> bool:
        name, inner = host.lower().rstrip("."), embedded_address(address)
        return any(
            one == name if isinstance(one, str) else address in one or inner in one
            for one in self.allowed
        )


def parse_target(url: str) -> Target:
    """A URL taken apart; raises RefusedTarget for one that nothing should be sent to."""
    if (
        len(url) > _MAX_URL
        or not url.isascii()
        or not url.isprintable()
        or set(url) & set(' \\"<>')
    ):
        raise RefusedTarget(
            f"A webhook's URL has up to {_MAX_URL} ASCII characters and no space or backslash."
        )
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise RefusedTarget(f"The webhook's URL can not be read: {error}.") from error
    if parsed.scheme not in _PORTS or not parsed.host:
        raise RefusedTarget(f"A webhook's URL is https://HOST/PATH, not {parsed.scheme!r}.")
    if parsed.userinfo:
        raise RefusedTarget(
            "A webhook's URL has no user or password in it: the signature says who sends."
        )
    port = _PORTS[parsed.scheme] if parsed.port is None else parsed.port
    if not 0 < port < 65_536:
        raise RefusedTarget(f"The webhook's port is {port}, and ports are 1 to 65535.")
    host = parsed.raw_host.decode("ascii")
    return Target(parsed.scheme, host, port, parsed.netloc, parsed.raw_path)


def is_public(address: Address) -> bool:
    """Whether an address is one of the internet's, and not of a machine, a site or a protocol."""
    inner = embedded_address(address)
    if isinstance(inner, IPv6Address) and inner not in _UNICAST:
        return False
    if inner.is_multicast or inner.is_reserved or not inner.is_global:
        return False
    return not any(inner in network for network in _NOT_PUBLIC)


def embedded_address(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for (mapped, NAT64, 6to4), or it itself."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


class CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """Connections to one target, at an address that was checked when the connection was made."""

    def __init__(self, targets: Targets, target: Target) -> None:
        """Nothing is connected or resolved yet."""
        self._targets = targets
        self._target = target
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address of the target that answers; raises RefusedTarget."""
        if (host, port) != (self._target.host, self._target.port):
            raise RefusedTarget(f"Webhooks go to {self._target.host!r} here, not to {host!r}.")
        *others, last = await self._targets.addresses(self._target)
        for address in others:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._network.connect_tcp(last, port, timeout, local_address, socket_options)
