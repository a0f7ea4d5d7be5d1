"""Fetches one address, over redirects that lead to public hosts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from config.settings import CorpusSettings
from engine.corpus.text import clean_line
from engine.corpus.web.failures import asks_for_sign_in, refusal, sign_in_needed, why_unreachable
from engine.corpus.web.hosts import (
    GuardedResolver,
    Network,
    is_written_private,
    not_public,
    proxy_of,
)
from engine.errors import CorpusError

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

_CHUNK = 1 << 16
_MOST_HOPS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_HEADERS = {"User-Agent": "faq-desk", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """What an address answered, with what is needed to ask whether it changed."""

    body: bytes
    content_type: str = ""
    #: The file's name as the server gives it, or the last part of the address that answered.
    name: str = ""
    #: The address that answered, after redirects: `etag` and `last_modified` are its own.
    answered_by: str = ""
    etag: str = ""
    last_modified: str = ""
    fetched_at: datetime


async def fetch(
    url: str, copy: Download | None, settings: CorpusSettings, network: Network
) -> Download | None:
    """Get the address; None when it has not changed since `copy`.

    Raises CorpusError when it cannot be reached, redirects where it may not, answers anything but
    200, takes longer than `timeout_s` in all or sends more than `max_bytes` (after
    decompression).
    """
    import aiohttp
    from yarl import URL

    proxied = False
    try:
        listed = URL(url)
        proxied = proxy_of(url) is not None
        async with asyncio.timeout(settings.timeout_s):
            return await _fetch(listed, copy, settings.max_bytes, network)
    except TimeoutError:
        raise CorpusError(
            "The address did not answer in full within corpus.timeout_s seconds."
        ) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        # Not "from error": its text may hold the password of a proxy.
        raise CorpusError(why_unreachable(error, proxied=proxied)) from None


async def _fetch(
    listed: URL, copy: Download | None, max_bytes: int, network: Network
) -> Download | None:
    guard = GuardedResolver(network)
    async with _open_session(guard, network) as session:
        hop = listed
        for _ in range(_MOST_HOPS + 1):
            proxy = proxy_of(str(hop))
            # With a proxy the only name that is resolved here is the proxy's.
            guard.is_trusted = proxy is not None or _is_same_place(hop, listed)
            asked = _validators(copy) if copy and copy.answered_by == str(hop) else {}
            async with session.get(
                hop, headers=asked, proxy=proxy, allow_redirects=False
            ) as response:
                if response.status in _REDIRECTS and response.headers.get("Location"):
                    hop = _next_hop(response.headers["Location"], hop, listed, network)
                    continue
                if response.status == 304 and asked:
                    return None
                if response.status != 200:
                    raise CorpusError(refusal(response.status, hop.host or "", response.headers))
                return await _download(response, hop, max_bytes)
    raise CorpusError(
        f"The address redirects more than {_MOST_HOPS} times; list the address it ends at."
    )


@asynccontextmanager
async def _open_session(
    guard: GuardedResolver, network: Network
) -> AsyncIterator[aiohttp.ClientSession]:
    """A session of one download: no .netrc, no cookies, no connection of another host."""
    import aiohttp

    connector = aiohttp.TCPConnector(
        resolver=guard,  # type: ignore[arg-type]  # its base class would be a heavy import
        use_dns_cache=False,
        force_close=True,
        ssl=network.tls or True,
    )
    async with aiohttp.ClientSession(
        connector=connector,
        headers=_HEADERS,
        timeout=aiohttp.ClientTimeout(total=None),
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        yield session


def _validators(copy: Download) -> dict[str, str]:
    named = {"If-None-Match": copy.etag, "If-Modified-Since": copy.last_modified}
    return {name: value for name, value in named.items() if value}


def _next_hop(location: str, hop: URL, listed: URL, network: Network) -> URL:
    """Where a redirect leads.

    Raises CorpusError when it may not be followed.
    """
    from yarl import URL

    target = hop.join(URL(clean_line(location))).with_fragment(None)
    host = target.host or ""
    if not host or target.scheme not in ("http", "https"):
        raise CorpusError("The address redirects to what is no web address; list another one.")
    is_same = _is_same_place(target, listed)
    if is_same:
        target = target.with_user(listed.user).with_password(listed.password)
    elif target.user or target.password:
        raise CorpusError(
            f"The address redirects to {host} with a name or password in it, which is not "
            "followed; list the address it ends at."
        )
    if not is_same and is_written_private(host, network.is_public):
        raise CorpusError(not_public(host))
    if target.scheme == "http" and not (is_same and hop.scheme == listed.scheme == "http"):
        raise CorpusError(
            f"The address redirects to {host} without encryption (http), which is not followed; "
            "list that address itself if you trust the network."
        )
    if asks_for_sign_in(host, target.path):
        raise CorpusError(sign_in_needed(listed.host or ""))
    if not is_same and target.port != 443:
        raise CorpusError(
            f"The address redirects to {host} at port {target.port}, which is not followed; "
            "list that address itself if you trust it."
        )
    return target


def _is_same_place(target: URL, listed: URL) -> bool:
    """Whether it is the host that was listed; from http to https is no other one."""
    same_port = target.port == listed.port or (
        listed.is_default_port() and target.is_default_port()
    )
    return target.host == listed.host and same_port


async def _download(response: aiohttp.ClientResponse, hop: URL, max_bytes: int) -> Download:
    disposition = response.content_disposition
    named = disposition.filename if disposition else None
    return Download(
        body=await _body(response, max_bytes),
        content_type=clean_line(response.headers.get("Content-Type", "")),
        name=PurePosixPath(clean_line(named or hop.name)).name,
        answered_by=str(hop),
        etag=clean_line(response.headers.get("ETag", "")),
        last_modified=clean_line(response.headers.get("Last-Modified", "")),
        fetched_at=datetime.now(UTC),
    )


async def _body(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    body = bytearray()
    # Counted after decompression: aiohttp hands out small decompressed pieces.
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > max_bytes:
            raise CorpusError(
                f"The address sends more than {max_bytes} bytes (corpus.max_bytes); "
                "raise the limit or list smaller parts."
            )
    return bytes(body)
