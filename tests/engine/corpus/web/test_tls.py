"""Why a certificate is refused is said in one sentence."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from config.settings import CorpusSettings
from engine.corpus.web.download import fetch
from engine.corpus.web.failures import why_unreachable
from engine.errors import CorpusError
from tests.engine.corpus.web.twin import Answer, Twin, certificate


@pytest.mark.parametrize(
    ("host", "is_trusted", "said"),
    [
        ("docs.example", False, "signed by itself.*SSL_CERT_FILE"),
        ("elsewhere.example", True, "another host name"),
    ],
)
async def test_the_reason_of_a_refused_certificate_is_named(
    host: str, is_trusted: bool, said: str, tmp_path: Path
) -> None:
    pair = certificate(tmp_path, host)
    twin = Twin(answers={"docs.example/faq.json": Answer()})
    runner = web.ServerRunner(web.Server(twin.answer))
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*pair)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    twin.ports = {443: runner.addresses[0][1]}
    twin.trusted = ssl.create_default_context(cafile=str(pair[0]) if is_trusted else None)

    with pytest.raises(CorpusError, match=said):
        await fetch("https://docs.example/faq.json", None, CorpusSettings(), twin.network)

    await runner.cleanup()
    assert twin.requests == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (9, "clock"),
        (10, "expired"),
        (20, "issued it.*SSL_CERT_FILE"),
        (64, "name"),
        (23, "revoked"),
    ],
)
def test_what_openssl_says_is_told_in_a_sentence(code: int, said: str) -> None:
    inner = ssl.SSLCertVerificationError(1, "certificate verify failed")
    inner.verify_code, inner.verify_message = code, "certificate revoked"
    error = aiohttp.ClientConnectorCertificateError(None, inner)  # type: ignore[arg-type]

    assert re.search(said, why_unreachable(error, proxied=False))
