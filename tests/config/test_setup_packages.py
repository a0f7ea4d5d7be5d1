"""What pip writes when it fails becomes one line that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.setup.environment import Environment
from config.setup.packages import explain

NONE = "ERROR: No matching distribution found for torch==2.13.0\n"
RETRY = "WARNING: Retrying (Retry(total=1, connect=None)) after connection broken by "

CASES = {
    "no name server": (
        f"{RETRY}'NewConnectionError('Failed to establish a new connection: [Errno -2] Name or "
        f"service not known')': /simple/torch/\n{NONE}",
        "The package index cannot be reached. Nothing is lost: run make again once",
    ),
    "newer pip names the host": (
        f"{RETRY}'NameResolutionError(\"HTTPSConnection(host='index.example', port=443): Failed "
        f"to resolve\")': /simple/torch/\n{NONE}",
        "index.example cannot be reached. Nothing is lost",
    ),
    "breaks off in the middle": (
        "pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool("
        "host='files.example', port=443): Read timed out.\n",
        "files.example cannot be reached",
    ),
    "a proxy": (
        f"{RETRY}'ProxyError('Cannot connect to proxy.', NewConnectionError('refused'))'\n{NONE}",
        "cannot be reached (the proxy does not answer)",
    ),
    "a certificate": (
        f"{RETRY}'SSLError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]')'\n{NONE}",
        "its certificate is not trusted; PIP_CERT names",
    ),
    "no access": (
        "ERROR: HTTP error 403 while getting https://index.example/torch.whl\n"
        "ERROR: 403 Client Error: Forbidden for url\n",
        "answers HTTP 403",
    ),
    "the server is unwell": (
        "ERROR: HTTP error 503 while getting https://index.example/torch.whl\n",
        "answers HTTP 503. Nothing is lost",
    ),
    "disk": (
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
        "The disk is full. The packages take 6 GB in ",
    ),
    "quota": (
        "ERROR: Could not install packages due to an OSError: [Errno 122] Disk quota exceeded\n",
        "The disk is full.",
    ),
    "read-only": (
        "ERROR: Could not install packages due to an OSError: [Errno 30] Read-only file system: "
        "'/srv/faq/.venv/lib/python3.12/site-packages/yarl'\n",
        "/srv/faq/.venv/lib/python3.12/site-packages/yarl cannot be written.",
    ),
    "no permission": (
        "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: "
        "'/srv/faq/.venv/bin/tqdm'\nCheck the permissions.\n",
        "/srv/faq/.venv/bin/tqdm cannot be written.",
    ),
    "another file": (
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If …\n"
        "    yarl==1.25.1 from https://mirror.example/yarl-1.25.1.whl (from -r x (line 1)):\n"
        "        Expected sha256 aa\n             Got        bb\n",
        "yarl==1.25.1 is not the file that the lock names by its hash",
    ),
    "no file for this machine": (
        f"ERROR: Could not find a version (from versions: 2.12.0)\n{NONE}",
        "The package index has no file of torch==2.13.0 for this Python on ",
    ),
    "anything else": (
        "WARNING: Mind the gap\nERROR: The moon is in the wrong house\n",
        "pip failed: The moon is in the wrong house",
    ),
    "no error named": ("Killed by a guard\n\n", "pip failed: Killed by a guard"),
    "nothing": ("", "pip failed: no reason"),
}


@pytest.mark.parametrize(("output", "said"), CASES.values(), ids=CASES)
def test_a_failure_of_pip_is_told_in_a_line(output: str, said: str) -> None:
    sentence = explain(output, Environment(Path(".venv")))

    assert said in sentence
    assert "\n" not in sentence


def test_the_index_of_the_operator_is_named_by_its_variable() -> None:
    sentence = explain(NONE, Environment(Path(".venv")), index=True)

    assert sentence.startswith("The index of TORCH_INDEX_URL has no file of torch==2.13.0")


@pytest.mark.parametrize("password", ["hush-hush", "hush/hush", "hush@hush", "hush#hush"])
def test_a_password_in_an_address_is_not_told(password: str) -> None:
    output = f"ERROR: Invalid URL https://me:{password}@index.example/simple\n"

    assert "hush" not in explain(output, Environment(Path(".venv")))
