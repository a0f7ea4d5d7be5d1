"""Whose token HF_TOKEN is, and why that cannot be told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from engine.errors import ModelError
from engine.models.hub_token import owner_of_token


@contextmanager
def hub(status: int, body: str) -> Iterator[str]:
    """A hub that answers every question like this."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.path == "/api/whoami-v2" and "hf_canary" in self.headers["Authorization"]
            self.send_response(status if asked else 404)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_good_token_has_an_owner() -> None:
    with hub(200, '{"name": "ada"}') as endpoint:
        assert owner_of_token("hf_canary", endpoint=endpoint) == "ada"


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, '{"error": "Invalid credentials"}', "refuses HF_TOKEN (401): it is wrong, has exp"),
        (403, "", "refuses HF_TOKEN (403)"),
        (503, "<html>", "answered 503."),
        (302, "", "answered 302."),
        (200, "<html>sign in to this network</html>", "is no hub."),
        (200, "[]", "is no hub."),
        (200, "{}", "is no hub."),
    ],
)
def test_why_a_token_has_no_owner_is_one_sentence(status: int, body: str, told: str) -> None:
    with hub(status, body) as endpoint, pytest.raises(ModelError) as caught:
        owner_of_token("hf_canary", endpoint=endpoint)

    assert told in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_hub_out_of_reach_is_no_fault_of_the_token() -> None:
    with pytest.raises(ModelError, match=r"could not be tried, since http://127.0.0.1:1 cannot be"):
        owner_of_token("hf_canary", endpoint="http://127.0.0.1:1")


@pytest.mark.parametrize("password", ["geheim", "geheim/1", "geheim#1"])
def test_no_password_in_the_address_of_the_hub_is_told(password: str) -> None:
    with pytest.raises(ModelError, match=r"could not be tried.*https://127.0.0.1:1") as caught:
        owner_of_token("hf_canary", endpoint=f"https://anna:{password}@127.0.0.1:1")

    assert "geheim" not in str(caught.value)
