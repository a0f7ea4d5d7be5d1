"""Why the Hugging Face hub did not give what it was asked for: the reason, and what helps."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from engine.models import hub_address
from engine.models.catalog import ModelEntry
from engine.models.child_process import offline_variable
from engine.models.hub_address import WEBSITE

#: OpenSSL's codes for a certificate that is not valid yet, or no more.
_NOT_YET, _EXPIRED = 9, 10
_ADDRESS = re.compile(r"\w+://[^\s'\"<>]+")
_FULL = {errno.ENOSPC, errno.EDQUOT}
_LOCKED = {errno.EACCES, errno.EPERM, errno.EROFS}
_OF_THE_DISK = _FULL | _LOCKED | {errno.EIO, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.EFBIG}


def why(
    entry: ModelEntry, error: BaseException, *, with_token: bool, environment: Mapping[str, str]
) -> str:
    """What `error` of asking the hub for this model means, for people.

    `environment` is that in which it was asked.
    """
    from httpx2 import HTTPError, InvalidURL, UnsupportedProtocol
    from huggingface_hub.errors import (
        FileMetadataError,
        HfHubHTTPError,
        HFValidationError,
        OfflineModeIsEnabled,
    )

    chain = tuple(_chain(error))
    for each in chain:
        if isinstance(each, OfflineModeIsEnabled):
            return _offline(entry, environment)
        if isinstance(each, HfHubHTTPError):
            return _refused(entry, each, with_token=with_token, environment=environment)
    for each in chain:
        if isinstance(each, FileMetadataError):
            return no_hub(entry, environment)
        if isinstance(each, InvalidURL | UnsupportedProtocol):
            return _no_address(environment)
        if isinstance(each, HFValidationError):
            return (
                f"{entry.alias}: {entry.hub_id} is no name on the hub ({_first_line(each)}); "
                "correct hub_id in the catalogue."
            )
        if isinstance(each, OSError) and each.errno in _OF_THE_DISK and each.filename:
            return why_not_written(entry, each)
    for number, each in enumerate(chain):
        # The library's own "not found here" tells nothing of why.
        if isinstance(each, HTTPError) or (isinstance(each, OSError) and each is chain[-1]):
            return _unreachable(entry, chain[number:], environment)
    # What the library raises for a proxy of a kind that it does not know.
    if isinstance(error, ImportError) or type(error) is ValueError:
        return _no_address(environment)
    return no_hub(entry, environment)


def why_broken_off(
    entry: ModelEntry, error: Exception, *, with_token: bool, environment: Mapping[str, str]
) -> str:
    """What `error` in the middle of a download means, for people."""
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    chain = tuple(_chain(error))
    if any(isinstance(each, HfHubHTTPError | LocalEntryNotFoundError) for each in chain):
        return why(entry, error, with_token=with_token, environment=environment)
    for each in chain:
        if isinstance(each, OSError) and each.errno in _OF_THE_DISK:
            return why_not_written(entry, each)
    text = _first_line(error)
    if "No space left on device" in text:  # hf-xet tells by words alone
        return why_not_written(entry, OSError(errno.ENOSPC, text))
    named = "" if text == type(error).__name__ else f": {text}"
    return (
        f"{entry.alias}: the download broke off ({type(error).__name__}{named}); "
        "ask for it again, files that have come are kept."
    )


def why_not_written(entry: ModelEntry, error: OSError) -> str:
    """What an error of the disk means while a model is being fetched."""
    if error.errno == errno.ENOSPC:
        return (
            f"The disk is full: {entry.alias} could not be written; "
            "free some space, or set HF_HOME and FAQ_DATA_DIR to a larger disk."
        )
    if error.errno == errno.EDQUOT:
        return (
            f"Your quota on the disk is used up: {entry.alias} could not be written; "
            "free some space, or set HF_HOME and FAQ_DATA_DIR to another disk."
        )
    where = f" to {error.filename}" if error.filename else ""
    if error.errno == errno.EROFS:
        remedy = "that disk can only be read; set HF_HOME and FAQ_DATA_DIR to one that is writable"
    elif error.errno in _LOCKED:
        remedy = "change its owner, or set HF_HOME and FAQ_DATA_DIR to folders of your own"
    else:
        remedy = "check the disk, or set HF_HOME and FAQ_DATA_DIR to another one"
    reason = error.strerror or _first_line(error)
    return f"{entry.alias} could not be written{where} ({reason}); {remedy}."


def no_hub(entry: ModelEntry, environment: Mapping[str, str]) -> str:
    """What is said of an answer that is a web page, or no answer of a hub's."""
    address = hub_address.endpoint(environment)
    named = ", which HF_ENDPOINT names," if environment.get("HF_ENDPOINT") else ""
    return (
        f"{entry.alias} is not on this machine, and what answers at {address}{named} is no hub: "
        "it sends something other than data, as the login page of a network does, or a mirror "
        f"that is none. Open {address} in a browser, check HF_ENDPOINT and the proxy, then retry."
    )


def _no_address(environment: Mapping[str, str]) -> str:
    """What is said of an address that cannot be asked. The library's own words may hold a part of
    the password in it.
    """
    variable, proxy = hub_address.proxy(environment)
    if proxy and hub_address.is_usable(environment):
        return (
            f"The proxy {proxy}, which {variable} names, cannot be used for the Hugging Face hub; "
            f"give {variable} the address of an HTTP proxy, as in http://proxy.example:3128."
        )
    return (
        f"HF_ENDPOINT ({hub_address.endpoint(environment)}) is no address of a hub; correct it, as "
        "in https://hub.example, or unset it."
    )


def no_answer(entry: ModelEntry, seconds: float, environment: Mapping[str, str]) -> str:
    """What is said where the hub is silent for so long."""
    return _out_of_reach(entry, f"no answer in {seconds:g} s", environment)


def _refused(
    entry: ModelEntry, error: BaseException, *, with_token: bool, environment: Mapping[str, str]
) -> str:
    from huggingface_hub.errors import (
        DisabledRepoError,
        GatedRepoError,
        HfHubHTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    assert isinstance(error, HfHubHTTPError)
    response, page = error.response, f"{WEBSITE}/{entry.hub_id}"
    said = f"{response.headers.get('X-Error-Message', '')} {error.server_message or ''}".lower()
    asked = f" It was asked at {hub_address.endpoint(environment)}, which HF_ENDPOINT names."
    asked = asked if environment.get("HF_ENDPOINT") else ""
    code = response.status_code
    if code == 429 or code >= 500:
        return _later(entry, code, response.headers, with_token=with_token) + asked
    if with_token and code == 401:
        return (
            f"{entry.alias}: the hub does not know HF_TOKEN: it is misspelt, expired or withdrawn. "
            f"Make a new one at {WEBSITE}/settings/tokens.{asked}"
        )
    if "fine-grained" in said:
        return (
            f"{entry.alias}: HF_TOKEN is a fine-grained token without the right to read {page}; "
            'allow it "read access to contents of all public gated repos you can access" at '
            f"{WEBSITE}/settings/tokens.{asked}"
        )
    if isinstance(error, GatedRepoError):
        return _gated(entry, page, said, with_token=with_token) + asked
    if isinstance(error, DisabledRepoError):
        return f"{entry.alias}: {page} was closed by the hub or its owner; choose another.{asked}"
    if isinstance(error, RevisionNotFoundError):
        return (
            f"{entry.alias}: {page} has no revision {entry.revision!r}; correct or remove revision "
            f"in the catalogue.{asked}"
        )
    if isinstance(error, RepositoryNotFoundError):
        token = (
            "that the account of HF_TOKEN may read it" if with_token else "set HF_TOKEN if it is"
        )
        return (
            f"{entry.alias}: there is no {page}, or it is private; "
            f"check hub_id in the catalogue, and {token}.{asked}"
        )
    if "html" in response.headers.get("Content-Type", ""):
        return f"{no_hub(entry, environment)} (It answered {code}.)"
    if code in {401, 403}:
        token = "check that HF_TOKEN may read it" if with_token else "set HF_TOKEN"
        return f"{entry.alias}: the hub refused access to {page} ({code}); {token}.{asked}"
    return f"{entry.alias}: the hub answered {code} for {page}; check hub_id and revision.{asked}"


def _gated(entry: ModelEntry, page: str, said: str, *, with_token: bool) -> str:
    if not with_token:
        return f"{entry.alias} is gated: accept its terms at {page} and set HF_TOKEN."
    if "awaiting" in said or "pending" in said:
        return (
            f"{entry.alias} is gated, and its owner has not yet answered your request at {page}; "
            "wait for that, or choose another model."
        )
    return (
        f"{entry.alias} is gated: accept its terms at {page} with the account that HF_TOKEN "
        "belongs to. (HF_TOKEN itself was understood.)"
    )


def _later(entry: ModelEntry, code: int, headers: Mapping[str, str], *, with_token: bool) -> str:
    wait = headers.get("Retry-After", "").strip()
    when = f"try again in {wait} s" if wait.isdigit() else "try again later"
    if wait and not wait.isdigit():
        when = f"try again after {wait[:40]}"
    if code != 429:
        return f"{entry.alias}: the hub answered {code}, which is a fault of its own; {when}."
    token = "" if with_token else ", or set HF_TOKEN, with which more is allowed"
    return f"{entry.alias}: the hub answered 429, too many requests from here; {when}{token}."


def _offline(entry: ModelEntry, environment: Mapping[str, str]) -> str:
    variable = offline_variable(environment) or "HF_HUB_OFFLINE"
    return (
        f"{entry.alias} is not on this machine in full, and {variable} forbids to ask the Hugging "
        f"Face hub; unset {variable}, or copy a saved model to the models folder under "
        f"{entry.alias}."
    )


def _unreachable(
    entry: ModelEntry, chain: tuple[BaseException, ...], environment: Mapping[str, str]
) -> str:
    for each in chain:
        if isinstance(each, ssl.SSLCertVerificationError):
            return _untrusted(entry, each, environment)
        if isinstance(each, socket.gaierror):
            name = hub_address.host(environment)
            problem = f"the name {name} cannot be resolved: there is no network, or no DNS"
            return _out_of_reach(entry, problem, environment)
    problem, (variable, proxy) = _first_line(chain[0]), hub_address.proxy(environment)
    remedy = ""
    if proxy and "407" in problem:
        remedy = f"give {variable} the proxy's login, as in http://name:password@{proxy}"
    return _out_of_reach(entry, problem, environment, remedy)


def _untrusted(
    entry: ModelEntry, error: ssl.SSLCertVerificationError, environment: Mapping[str, str]
) -> str:
    reason = error.verify_message or _first_line(error)
    if error.verify_code in {_NOT_YET, _EXPIRED}:
        remedy = (
            f"check this machine's clock (it says {datetime.now(UTC):%Y-%m-%d %H:%M} UTC); if it "
            "is right, the certificate is too old"
        )
    else:
        here = environment.get("SSL_CERT_FILE")
        remedy = (
            f"add the certificate of the authority that signed it to SSL_CERT_FILE ({here})"
            if here
            else "where a company's proxy reads along, set SSL_CERT_FILE to a file with its "
            "certificate and those of the system (REQUESTS_CA_BUNDLE is not read)"
        )
    return _out_of_reach(entry, f"its certificate is not trusted: {reason}", environment, remedy)


def _out_of_reach(
    entry: ModelEntry, problem: str, environment: Mapping[str, str], remedy: str = ""
) -> str:
    variable, proxy = hub_address.proxy(environment)
    ways = []
    if environment.get("HF_ENDPOINT"):
        ways.append(f"at {hub_address.endpoint(environment)}, which HF_ENDPOINT names")
    if proxy:
        ways.append(f"through the proxy {proxy}, which {variable} names")
    way = f" {' and '.join(ways)}" if ways else ""
    first = f"{remedy}; or " if remedy else ""
    return (
        f"{entry.alias} is not on this machine and the Hugging Face hub cannot be reached{way} "
        f"({problem[:200]}); {first}copy a saved model to the models folder under {entry.alias}, "
        "or go online."
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _first_line(error: BaseException) -> str:
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    # An address may hold a login, or a signature that lets anybody in.
    return _ADDRESS.sub(lambda address: hub_address.bare(address[0]), line)[:200]
