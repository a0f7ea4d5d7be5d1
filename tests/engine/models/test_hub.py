"""Why the hub gives nothing: each reason is told as it is, with what helps."""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import ssl
from collections.abc import Iterator

import pytest
from huggingface_hub import constants  # noqa: F401 - this process is online, fixed here and now
from huggingface_hub.utils import close_session

from engine.errors import ModelLoadError
from engine.models.hub import ask
from engine.models.hub_errors import why, why_broken_off
from tests.engine.models.hub_twin import COMMIT, HubTwin, hub_twin
from tests.engine.worker.tiny_models import entry

#: An address of a proxy with a login, as companies have them.
PROXY = "http://anna:geheim@proxy.example:3128"
PAGE = b"<!DOCTYPE html><title>Welcome to our Wi-Fi</title>"
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture
def hub() -> Iterator[HubTwin]:
    with hub_twin() as hub:
        yield hub


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes every call and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def address(server: socket.socket) -> str:
    return f"http://127.0.0.1:{server.getsockname()[1]}"


def refusal(hub: HubTwin, token: str | None = None) -> str:
    """What is said when this hub is asked."""
    with pytest.raises(ModelLoadError) as refused:
        ask(entry(), token, endpoint=hub.address)
    return str(refused.value)


def test_a_hub_that_says_nothing_is_given_up_in_time(silent: socket.socket) -> None:
    with pytest.raises(ModelLoadError, match=r"hub cannot be reached .*\(.+\); copy a saved"):
        ask(entry(), None, endpoint=address(silent), patience_s=0.2)


def test_a_hub_that_is_not_there_is_given_up_at_once(silent: socket.socket) -> None:
    gone = address(silent)
    silent.close()

    with pytest.raises(
        ModelLoadError, match=rf"reached at {gone}, which HF_ENDPOINT names \(.*refused.*\)"
    ):
        ask(entry(), None, endpoint=gone, patience_s=600)


def test_a_hub_tells_what_it_has_with_sizes_and_sums(hub: HubTwin) -> None:
    listing = ask(entry(), None, endpoint=hub.address)

    assert listing.commit == COMMIT
    assert listing.files.keys() == hub.files.keys()
    assert [len(listing.files[name].sum) for name in ("config.json", "model.safetensors")] == [
        40,
        64,
    ]


@pytest.mark.parametrize(
    ("status", "headers", "sentence"),
    [
        (429, {}, "the hub answered 429, too many requests from here; try again later"),
        (429, {"Retry-After": "120"}, "try again in 120 s, or set HF_TOKEN"),
        (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, "try again after Wed, 21 Oct"),
        (500, {}, "the hub answered 500, which is a fault of its own; try again later"),
        (502, HTML, "the hub answered 502"),
        (503, {"Retry-After": "30"}, "the hub answered 503, .* try again in 30 s"),
        (401, {"X-Error-Code": "GatedRepo"}, "is gated: accept its terms .* and set HF_TOKEN"),
        (401, {"X-Error-Code": "RepoNotFound"}, "there is no .*/nobody/tiny, or it is private"),
        (401, {}, r"refused access to .*\(401\); set HF_TOKEN"),
        (404, {"X-Error-Code": "RepoNotFound"}, "there is no https://huggingface.co/nobody/tiny"),
        (404, {"X-Error-Code": "RevisionNotFound"}, "has no revision 'main'"),
        (404, {}, "the hub answered 404"),
        (404, HTML, r"is no hub: .*\(It answered 404\.\)"),
        (403, HTML, r"is no hub: .*\(It answered 403\.\)"),
        (403, {}, r"refused access to .*\(403\); set HF_TOKEN"),
        (403, {"X-Error-Message": "Access to this resource is disabled."}, "was closed"),
        (451, {}, "the hub answered 451"),
        (511, HTML, "answered 511"),
    ],
)
def test_each_refusal_is_told_as_it_is(
    hub: HubTwin, status: int, headers: dict[str, str], sentence: str
) -> None:
    hub.refusal = status, headers, b"{}"

    with pytest.raises(ModelLoadError, match=sentence):
        ask(entry(), None, endpoint=hub.address)


@pytest.mark.parametrize(
    ("status", "headers", "sentence"),
    [
        (401, {}, "does not know HF_TOKEN: it is misspelt, expired or withdrawn"),
        (401, {"X-Error-Message": "Invalid credentials in Authorization header"}, "does not know"),
        (401, {"X-Error-Message": 'User Access Token "old" is expired'}, "misspelt, expired"),
        (403, {"X-Error-Code": "GatedRepo"}, "accept its terms .* the account that HF_TOKEN"),
        (
            403,
            {
                "X-Error-Code": "GatedRepo",
                "X-Error-Message": "Your request to access this model is awaiting a review.",
            },
            "has not yet answered your request",
        ),
        (
            403,
            {
                "X-Error-Code": "GatedRepo",
                "X-Error-Message": "Please enable access to public gated repositories in your "
                "fine-grained token settings to view this repository.",
            },
            "a fine-grained token without the right to read",
        ),
        (404, {"X-Error-Code": "RepoNotFound"}, "that the account of HF_TOKEN may read it"),
        (429, {}, r"try again later\."),
    ],
)
def test_with_a_token_a_refusal_says_what_is_wrong_with_it(
    hub: HubTwin, status: int, headers: dict[str, str], sentence: str
) -> None:
    hub.refusal = status, headers, b"{}"

    with pytest.raises(ModelLoadError, match=sentence) as refused:
        ask(entry(), "hf_secret", endpoint=hub.address)

    assert hub.tokens == {"Bearer hf_secret"}
    assert "hf_secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (HTML, PAGE),
        ({}, b""),
        ({}, b"OK"),
        ({}, b"[]"),
        ({}, b"{}"),
        ({}, b'"hello"'),
        ({}, json.dumps({"id": "nobody/tiny", "siblings": []}).encode()),
    ],
    ids=["page", "nothing", "text", "list", "empty object", "string", "no files"],
)
def test_what_answers_something_else_is_no_hub(
    hub: HubTwin, headers: dict[str, str], body: bytes
) -> None:
    hub.refusal = 200, headers, body

    said = refusal(hub)

    assert f"what answers at {hub.address}, which HF_ENDPOINT names, is no hub" in said
    assert "login page" in said


@pytest.mark.parametrize("sha", ["../../elsewhere", "main", "", None])
def test_a_commit_that_is_none_names_no_folder(hub: HubTwin, sha: str | None) -> None:
    answer = {"id": "nobody/tiny", "sha": sha, "siblings": [{"rfilename": "config.json"}]}
    hub.refusal = 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    assert "is no hub" in refusal(hub)


@pytest.mark.parametrize("endpoint", ["hub.example", "ftp://hub.example", "http://[::bad"])
def test_an_endpoint_that_is_no_address_is_named(endpoint: str) -> None:
    with pytest.raises(ModelLoadError, match=r"HF_ENDPOINT \(.*\) is no address of a hub"):
        ask(entry(), None, endpoint=endpoint)


@pytest.mark.parametrize("mark", ["", "/", "#", "?", "@", ":"])
@pytest.mark.parametrize("login", ["https://anna:ge{}heim@127.0.0.1:9", "anna:ge{}heim@[::1]:9"])
def test_no_part_of_a_password_in_an_endpoint_is_told(login: str, mark: str) -> None:
    with pytest.raises(ModelLoadError) as refused:
        ask(entry(), None, endpoint=login.format(mark))

    assert not re.search(r"\bge\b|heim|anna", str(refused.value))


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5://anna:geheim@proxy.example:1080",
        "foo://anna:geheim@proxy.example:1080",
        "http://anna:geheim/1@proxy.example:1080",
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_and_not_the_hub(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    close_session()  # the next one reads the environment anew

    with pytest.raises(ModelLoadError) as refused:
        ask(entry(), None, endpoint="https://hub.example")

    close_session()
    assert "The proxy proxy.example:1080, which HTTPS_PROXY names, cannot" in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_a_name_that_the_hub_cannot_have_is_named() -> None:
    with pytest.raises(ModelLoadError, match=r"nobody/a--b is no name on the hub .*hub_id"):
        ask(entry(hub_id="nobody/a--b"), None, endpoint="http://127.0.0.1:9")


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def untrusted(code: int, message: str) -> Exception:
    error = ssl.SSLCertVerificationError(1, f"certificate verify failed: {message}")
    error.verify_code, error.verify_message = code, message
    return caused(ConnectionError("[SSL: CERTIFICATE_VERIFY_FAILED]"), error)


def unknown_name() -> Exception:
    error = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return caused(ConnectionError("[Errno -2] Name or service not known"), error)


@pytest.mark.parametrize(
    ("error", "environment", "sentence"),
    [
        (unknown_name(), {}, "the name huggingface.co cannot be resolved: there is no network"),
        (
            unknown_name(),
            {"HTTPS_PROXY": PROXY},
            r"through the proxy proxy.example:3128, which HTTPS_PROXY names .*name proxy.example",
        ),
        (
            unknown_name(),
            {"https_proxy": PROXY, "no_proxy": "huggingface.co"},
            r"reached \(the name huggingface.co",
        ),
        (unknown_name(), {"HF_ENDPOINT": "https://hub.example"}, "at https://hub.example, which"),
        (
            ConnectionError("407 Proxy Authentication Required"),
            {"ALL_PROXY": "http://proxy.example:3128"},
            "give ALL_PROXY the proxy's login",
        ),
        (untrusted(19, "self-signed certificate in certificate chain"), {}, "set SSL_CERT_FILE"),
        (
            untrusted(20, "unable to get local issuer certificate"),
            {"SSL_CERT_FILE": "/etc/own.pem"},
            r"add the certificate .* to SSL_CERT_FILE \(/etc/own.pem\)",
        ),
        (untrusted(9, "certificate is not yet valid"), {}, r"check this machine's clock \(it says"),
        (untrusted(10, "certificate has expired"), {}, "this machine's clock"),
        (TimeoutError("timed out"), {}, r"cannot be reached \(timed out\)"),
    ],
)
def test_a_way_that_is_closed_is_named(
    error: Exception, environment: dict[str, str], sentence: str
) -> None:
    said = why(entry(), error, with_token=False, environment=environment)

    assert re.search(sentence, said), said
    assert "geheim" not in said


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "The disk is full: tiny"),
        (errno.EDQUOT, "Your quota on the disk is used up"),
        (errno.EROFS, "that disk can only be read; set HF_HOME"),
        (errno.EACCES, "to /cache/hub .*; change its owner, or set HF_HOME"),
        (errno.EIO, r"\(Input/output error\); check the disk"),
    ],
)
def test_an_error_of_the_disk_is_told_as_one(number: int, sentence: str) -> None:
    error = OSError(number, os.strerror(number), "/cache/hub")

    said = why_broken_off(entry(), error, with_token=False, environment={})

    assert re.search(sentence, said), said


def test_a_download_that_breaks_off_may_be_asked_for_again() -> None:
    error = RuntimeError("CAS service error: connection reset\nat line 3")

    said = why_broken_off(entry(), error, with_token=False, environment={})

    assert said == (
        "tiny: the download broke off (RuntimeError: CAS service error: connection reset); "
        "ask for it again, files that have come are kept."
    )


def test_an_address_in_the_words_of_a_library_loses_what_lets_people_in() -> None:
    error = RuntimeError("GET https://anna:geheim@cdn.example/blob?signature=secret failed")

    said = why_broken_off(entry(), error, with_token=False, environment={})

    assert "GET https://cdn.example/blob failed" in said


def test_a_full_disk_is_seen_in_the_words_of_a_library() -> None:
    error = RuntimeError("I/O error: No space left on device (os error 28)")

    said = why_broken_off(entry(), error, with_token=False, environment={})

    assert said.startswith("The disk is full")
