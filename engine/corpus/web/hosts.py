"""Which hosts a redirect may lead to, and through which proxy they are reached."""

from __future__ import annotations

import socket
import ssl
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.errors import CorpusError

if TYPE_CHECKING:
    from aiohttp.abc import AbstractResolver, ResolveResult

IpAddress = IPv4Address | IPv6Address
_NAT64 = IPv6Network("64:ff9b::/96")
_PROXIES = ("http://", "https://")


def is_public(address: IpAddress) -> bool:
    """Whether the address is one of the internet, and not of a machine or network of its own."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How names are resolved and servers trusted; a test puts stand-ins here."""

    #: None: the system's own.
    resolver: Callable[[], AbstractResolver] | None = None
    is_public: Callable[[IpAddress], bool] = is_public
    #: None: what the system trusts, and the file that SSL_CERT_FILE names.
    tls: ssl.SSLContext | None = None


SYSTEM = Network()


def literal_address(host: str) -> IpAddress | None:
    """The address that a host is written as, in any way a system reads: 127.1, 0x7f000001."""
    host = host.strip("[]").rstrip(".")
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def proxy_of(url: str) -> str | None:
    """The proxy that the environment names for the address (HTTPS_PROXY, HTTP_PROXY, NO_PROXY).

    Raises CorpusError when it is of a kind that cannot be used, ValueError when `url` is none.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    literal = literal_address(host)
    # What runs on this machine is nothing that a proxy could reach.
    if host == "localhost" or (literal is not None and literal.is_loopback):
        return None
    proxies = urllib.request.getproxies_environment()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    # For typeshed it is not there: it is what `proxy_bypass` asks on every system.
    bypass = urllib.request.proxy_bypass_environment  # type: ignore[attr-defined]
    if not proxy or bypass(f"{host}:{parts.port}" if parts.port else host, proxies):
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    if not proxy.lower().startswith(_PROXIES):
        raise CorpusError(
            "The proxy that the environment names (HTTPS_PROXY, HTTP_PROXY) is no http proxy; "
            "name one that is, or list the host in NO_PROXY."
        )
    return proxy


def proxy_for_any(sources: Iterable[str]) -> str:
    """Host and port of a proxy that one of the sources is fetched through; empty without any."""
    for source in sources:
        try:
            proxy = proxy_of(source) if source.lower().startswith(("http://", "https://")) else None
        except (CorpusError, ValueError):  # told when it is fetched
            continue
        if proxy:
            return urlsplit(proxy).netloc.rpartition("@")[2]
    return ""


def is_written_private(host: str, is_public: Callable[[IpAddress], bool] = is_public) -> bool:
    """Whether a host is written as a private address; what a name stands for is not asked."""
    literal = literal_address(host)
    name = host.rstrip(".").lower()
    is_local = name == "localhost" or name.endswith(".localhost")
    return is_local or (literal is not None and not is_public(literal))


class GuardedResolver:
    """Resolves names for one download; what it hands out is what is connected to.

    So a name that stands for a public address when it is checked and for a private one later
    (DNS rebinding) gains nothing.
    """

    def __init__(self, network: Network) -> None:
        from aiohttp.resolver import ThreadedResolver

        self._resolver = network.resolver() if network.resolver else ThreadedResolver()
        self._is_public = network.is_public
        #: Whether private addresses will do: for the listed host itself, and a proxy.
        self.is_trusted = True

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if not self.is_trusted and not all(
            self._is_public(ip_address(each["host"])) for each in found
        ):
            raise CorpusError(not_public(host))
        return found

    async def close(self) -> None:
        await self._resolver.close()


def not_public(host: str) -> str:
    return (
        f"The address redirects to {host}, which is not on the public internet and is not "
        "followed; list that address itself if you trust it."
    )
