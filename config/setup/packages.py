"""Has pip install a lock, and turns what pip says of a failure into one line."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from config.setup.environment import Environment, SetUpError, last_line, run

_DISK_FULL = r"No space left on device|Errno 28\b|quota exceeded"
_NOT_WRITABLE = r"(?:Read-only file system|Permission denied)(?:: '([^']+)')?"
_WRONG_HASH = r"DO NOT MATCH THE HASHES"
_REFUSED = r"HTTP error (\d+) while getting|(\d+) (?:Client|Server) Error"
_NO_NETWORK = (
    r"after connection broken by|Max retries exceeded|NewConnectionError|NameResolutionError"
    r"|Connection(?:Reset|Refused|Aborted)?Error|ProtocolError|Read ?Timeout|Read timed out"
    r"|Connect ?Timeout|ProxyError|SSLError|SSL: |Network is unreachable|IncompleteRead"
)
#: A name and password in an address; the password may hold any mark.
_LOGIN = re.compile(r"(?<=://)\S*@")
_NO_FILE = r"No matching distribution found for ([^\s;]+)"


def install(
    environment: Environment,
    lock: Path,
    *arguments: str,
    index: str = "",
    environ: Mapping[str, str],
) -> None:
    """Install what `lock` names, from `index` if one is given instead of pip's own.

    Raises SetUpError with a line that says what to do.
    """
    env = {
        # Without a network the usual five retries take minutes.
        "PIP_RETRIES": "2",
        # A pip that is killed leaves gigabytes behind, and /tmp is often a small disk.
        "TMPDIR": str(environment.scratch()),
        # What the operator sets counts, but for what many notebook servers set for all of pip.
        **environ,
        "PIP_USER": "0",
    }
    if index:
        # A variable, since an address may hold a password and anybody can list arguments.
        env["PIP_INDEX_URL"] = index
    # Python compiles what it imports; to compile all of it here would double the time.
    options = ["--no-input", "install", "--no-compile", *arguments, "-r", str(lock)]
    ended = run([*_pip(environment), *options], env)
    environment.scratch()
    if ended.returncode < 0:
        raise SetUpError(
            f"pip was ended by signal {-ended.returncode}; where nobody did that, memory is short. "
            "Run make again."
        )
    if ended.returncode:
        raise SetUpError(explain(ended.stdout, environment, index=bool(index)))


def remove(environment: Environment, package: str) -> None:
    """Uninstall it if it is there. Raises SetUpError."""
    ended = run([*_pip(environment), "uninstall", "--yes", package])
    if ended.returncode:
        raise SetUpError(explain(ended.stdout, environment))


def _pip(environment: Environment) -> list[str]:
    # -I: a package on somebody's PYTHONPATH must not count as installed.
    python = [str(environment.python), "-I"]
    return [*python, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def explain(output: str, environment: Environment, *, index: bool = False) -> str:
    """Why pip failed and what to do, in one line, from what it wrote."""
    if re.search(_DISK_FULL, output, re.IGNORECASE):
        return (
            f"The disk is full. The packages take 6 GB in {environment.folder} (2 GB with PyTorch "
            "for the CPU), and as much again while they are installed. Free some space, or name a "
            "folder elsewhere: make VENV=…"
        )
    if found := re.search(_NOT_WRITABLE, output):
        return (
            f"{found[1] or environment.folder} cannot be written. Mend that, or name a folder "
            "elsewhere: make VENV=…"
        )
    if re.search(_WRONG_HASH, output):
        names = re.findall(r"(?m)^\s+(\S+) from .*:$", output)
        return (
            f"{', '.join(names) or 'A package'} is not the file that the lock names by its hash: a "
            "broken download, or an index that changes files. Run make again, or use another index."
        )
    whose = "the index of TORCH_INDEX_URL" if index else "the package index"
    if found := re.search(_REFUSED, output):
        return (
            f"{_capital(whose)} or a proxy answers HTTP {found[1] or found[2]}. Nothing is lost: "
            "look at its address and your access, or run make again later."
        )
    if re.search(_NO_NETWORK, output):
        host = re.search(r"host='([^']+)'", output)
        return (
            f"{host[1] if host else _capital(whose)} cannot be reached"
            f"{_kind(output)}. Nothing is lost: run make again once this machine has a network."
        )
    if found := re.search(_NO_FILE, output):
        return (
            f"{_capital(whose)} has no file of {found[1]} for this Python on "
            f"{sysconfig.get_platform()}, or hands it out to members only. Look at its address, "
            "or name another Python: make PYTHON=…"
        )
    line = re.findall(r"(?m)^ERROR: (.*)$", output) or [last_line(output)]
    return f"pip failed: {_LOGIN.sub('', line[-1].strip())}"


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _kind(output: str) -> str:
    if re.search(r"CERTIFICATE_VERIFY_FAILED|SSLError|SSL: ", output):
        return " (its certificate is not trusted; PIP_CERT names a file with your own authority)"
    if "ProxyError" in output:
        return " (the proxy does not answer)"
    return ""
