"""Spells out what people abbreviate in chat, so that it can be found."""

from __future__ import annotations

import re

#: What is short for what, in English; only what means one thing in a course.
_LONG = {
    "hw": "homework",
    "hws": "homeworks",
    "cert": "certificate",
    "certs": "certificates",
    "proj": "project",
    "vid": "video",
    "vids": "videos",
    "lec": "lecture",
    "lecs": "lectures",
    "mod": "module",
    "env": "environment",
    "envs": "environments",
    "repo": "repository",
    "pw": "password",
    "pwd": "password",
    "acct": "account",
    "docs": "documentation",
    "config": "configuration",
    "gh": "github",
    "k8s": "kubernetes",
    "reqs": "requirements",
    "conn": "connection",
}
_SHORT = re.compile(rf"(?i)\b({'|'.join(_LONG)})(\d*)\b")


def spelt_out(text: str) -> str:
    """`text` with the long form behind each abbreviation: "hw3" becomes "hw3 homework 3"."""
    return _SHORT.sub(_with_long, text)


def _with_long(match: re.Match[str]) -> str:
    return f"{match.group()} {_LONG[match[1].lower()]} {match[2]}".rstrip()
