"""The address of the hub and of the proxy on the way there, as people may see them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

#: Where people read about a model and accept its terms.
WEBSITE = "https://huggingface.co"


def endpoint(environment: Mapping[str, str]) -> str:
    """Address of the hub that is asked in this environment, without a login that may be in it."""
    return bare(_raw_endpoint(environment))


def is_usable(environment: Mapping[str, str]) -> bool:
    """Whether the hub's address is one that can be asked."""
    url = _split(_raw_endpoint(environment))
    try:
        return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        return False


def host(environment: Mapping[str, str]) -> str:
    """The host whose name is looked up: that of the proxy, else that of the hub."""
    return proxy(environment)[1] or _split(endpoint(environment)).hostname or ""


def proxy(environment: Mapping[str, str]) -> tuple[str, str]:
    """The variable that names the proxy on the way to the hub, and the proxy's host and port."""
    url = _split(_raw_endpoint(environment))
    lowered = {name.lower(): (name, value) for name, value in environment.items() if value}
    no_proxy = lowered.get("no_proxy", ("", ""))[1]
    if url.hostname and proxy_bypass_environment(url.hostname, {"no": no_proxy}):
        return "", ""
    name, value = lowered.get(f"{url.scheme}_proxy") or lowered.get("all_proxy") or ("", "")
    return name, bare(value).rpartition("://")[2]


def bare(address: str) -> str:
    """The address without a login, query or fragment, even where it is not well formed: a
    password may hold any mark.
    """
    scheme, mark, rest = address.rpartition("://")
    rest = rest.rpartition("@")[2].partition("?")[0].partition("#")[0]
    return f"{scheme}{mark}{rest}".rstrip("/")


def _raw_endpoint(environment: Mapping[str, str]) -> str:
    return environment.get("HF_ENDPOINT") or WEBSITE


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:  # half of an IPv6 address
        return SplitResult("", "", "", "", "")
