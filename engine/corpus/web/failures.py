"""Says why an address gave nothing, and what to do."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping

from engine.corpus.text import clean_line

#: Where people sign in; a file that only they may read redirects there.
_SIGN_IN_HOSTS = {"accounts.google.com", "login.microsoftonline.com", "login.live.com"}
_SIGN_IN_PATH = re.compile(r"(?i)/(?:log-?in|sign-?in|users/sign_in|sso|saml|oauth2?)(?:[/.]|\Z)")
_SHARED_DOCUMENTS = re.compile(r"(?:\A|\.)(?:google\.com|googleusercontent\.com)\Z")
#: OpenSSL's verify codes.
_TLS_REASONS = {
    9: "it is not valid yet; check the clock of this machine",
    10: "it has expired; tell whoever runs the site, or check the clock of this machine",
    18: "it is signed by itself; name a file that holds it in SSL_CERT_FILE if you trust it",
    62: "it is made out for another host name; correct the address",
    64: "it is made out for another host; list the address by its name",
}
_UNKNOWN_ISSUER = (
    "this machine does not know who issued it; name a file that holds the issuer's certificate "
    "in SSL_CERT_FILE if you trust it"
)
_ISSUER_CODES = {2, 19, 20, 21}


def refusal(status: int, host: str, headers: Mapping[str, str]) -> str:
    """A sentence about an answer that is no file."""
    answers = f"The address answers with status {status}"
    if status in (401, 403):
        return f"{answers}. {sign_in_needed(host)}"
    if status in (404, 410):
        return (
            f"{answers}: there is nothing there; correct the address, or make it public, for "
            "what is private is often hidden in this way."
        )
    if status == 407:
        return f"{answers}: the proxy asks for a name and password; put them into HTTPS_PROXY."
    if status == 429:
        seconds = clean_line(headers.get("Retry-After", ""))
        wait = f" (for {seconds} s)" if re.fullmatch(r"\d{1,6}", seconds) else ""
        return f"{answers}: it is asked too often{wait}; raise corpus.url_refresh_s."
    if status >= 500:
        return f"{answers}: the server fails; it is asked again after corpus.url_refresh_s."
    return f"{answers}; check that it opens in a browser without signing in."


def sign_in_needed(host: str) -> str:
    """A sentence about a file that is not for everybody."""
    if _SHARED_DOCUMENTS.search(host):
        return (
            "It asks for a sign-in; share the document (Share, General access, Anyone with the "
            "link)."
        )
    return (
        "It asks for a sign-in or refuses programs; make it public, or download the file and list "
        "its path."
    )


def asks_for_sign_in(host: str, path: str) -> bool:
    """Whether a redirect leads to where people sign in."""
    return host in _SIGN_IN_HOSTS or _SIGN_IN_PATH.search(path) is not None


def why_unreachable(error: Exception, *, proxied: bool) -> str:
    """A sentence about an address that could not be asked; it holds no text of the error's."""
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"The certificate of the address is refused: {_tls_reason(error)}."
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"The proxy that the environment names answers with status {error.status}."
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return (
            "The proxy that the environment names (HTTPS_PROXY, HTTP_PROXY) cannot be reached; "
            "correct it, or list the host in NO_PROXY."
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        of = "of the proxy or the host" if proxied else "of the host"
        return f"The name {of} is not known; check the address and this machine's network."
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return "The address does not speak https as this machine does; check its scheme and port."
    if isinstance(error, aiohttp.InvalidURL):
        return "The address cannot be fetched: it is not well formed; correct it."
    why = clean_line(getattr(error, "strerror", "") or "") or type(error).__name__
    return f"The address cannot be fetched ({why}); check that it opens from this machine."


def _tls_reason(error: Exception) -> str:
    inner = getattr(error, "certificate_error", None)
    if not isinstance(inner, ssl.SSLCertVerificationError):
        return "it does not fit the host; check the address"
    code = inner.verify_code
    known = _UNKNOWN_ISSUER if code in _ISSUER_CODES else _TLS_REASONS.get(code)
    return known or f"{clean_line(inner.verify_message)}; tell whoever runs the site"
