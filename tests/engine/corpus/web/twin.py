"""A web of stand-ins on this machine: servers with certificates, and names that lead to them."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from engine.corpus.web.hosts import IpAddress, Network

ENTRIES = json.dumps([{"question": "Why?", "answer": "So."}]).encode()
#: Addresses that pass for public ones.
PUBLIC = {"127.0.0.1"}
PRIVATE = "127.0.0.2"


def certificate(folder: Path, *hosts: str) -> tuple[Path, Path]:
    """A certificate that is signed by itself for `hosts`, and its key."""
    crt, key = folder / "one.crt", folder / "one.key"
    names = ",".join(f"DNS:{host}" for host in hosts)
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-keyout", str(key), "-out", str(crt), "-subj", "/CN=twin"),
            *("-addext", f"subjectAltName={names}"),
        ],
        check=True,
        capture_output=True,
    )
    return crt, key


@dataclass
class Answer:
    status: int = 200
    body: bytes = ENTRIES
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Twin:
    """Answers for every host, by host and path; a name leads to it unless it is in `names`."""

    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[web.BaseRequest] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    ports: dict[int, int] = field(default_factory=dict)
    trusted: ssl.SSLContext | None = None
    is_public: Callable[[IpAddress], bool] = lambda ip: str(ip) in PUBLIC

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.requests.append(request)
        found = self.answers.get(f"{request.host}{request.rel_url}", Answer(404, b""))
        if found.headers.get("ETag", "-") == request.headers.get("If-None-Match"):
            return web.Response(status=304)
        return web.Response(body=found.body, status=found.status, headers=found.headers)

    def redirect(self, source: str, target: str, status: int = 302) -> None:
        self.answers[source] = Answer(status, b"", {"Location": target})

    @property
    def network(self) -> Network:
        return Network(resolver=lambda: _Names(self), is_public=self.is_public, tls=self.trusted)


class _Names(AbstractResolver):
    def __init__(self, twin: Twin) -> None:
        self._twin = twin

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host.endswith(".nowhere"):
            raise OSError(None, "unknown name")
        address = self._twin.names.get(host, "127.0.0.1")
        real = self._twin.ports.get(port, port)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=real,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        pass
