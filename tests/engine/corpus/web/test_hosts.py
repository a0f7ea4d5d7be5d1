"""Public hosts are told from private ones, however they are written."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from engine.corpus.web.hosts import is_public, is_written_private, proxy_for_any

PRIVATE = [
    *("10.0.0.1", "127.0.0.1", "0.0.0.0", "169.254.169.254", "172.16.0.1", "192.168.1.1"),
    *("100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1"),
    *("255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1"),
    *("2001:db8::1", "fec0::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"),
    *("64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "fe80::1%eth0"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_of_the_internet_is_private(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "140.82.112.3", "2606:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"]
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        *("127.1", "0x7f000001", "017700000001", "2130706433", "10.1", "[::1]", "127.0.0.1.", "0"),
        *("localhost", "localhost.", "a.localhost", "LOCALHOST"),
    ],
)
def test_a_private_address_is_seen_however_it_is_written(host: str) -> None:
    assert is_written_private(host)


@pytest.mark.parametrize("host", ["example.org", "8.8.8.8", "10.example.org", "localhost.org", ""])
def test_a_name_is_not_taken_for_a_private_address(host: str) -> None:
    assert not is_written_private(host)


@pytest.mark.parametrize(
    ("sources", "proxy"),
    [
        (["faq", "https://e.org/faq.md"], "proxy.example:3128"),
        (["faq"], ""),
        (["https://in.example/faq.md", "http://127.0.0.1/faq.md", "http://localhost/a"], ""),
        (["https://["], ""),
    ],
)
def test_the_proxy_that_is_told_of_holds_no_password(
    sources: list[str], proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "in.example")

    assert proxy_for_any(sources) == proxy
