"""Recognises files that are surely no FAQ, whatever stands in them: settings and other data."""

from __future__ import annotations

from collections.abc import Mapping

from engine.errors import NotAnFaq

#: What it is → keys that stand together at its top and nowhere in an FAQ.
_KINDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("a Kubernetes manifest", frozenset({"apiVersion", "kind"})),
    ("the description of an API", frozenset({"openapi"})),
    ("the description of an API", frozenset({"swagger"})),
    ("the description of an API", frozenset({"asyncapi"})),
    ("the schema of other files", frozenset({"$schema", "properties"})),
    ("the schema of other files", frozenset({"type", "properties", "required"})),
    ("a notebook", frozenset({"nbformat", "nbformat_minor"})),
    ("a workflow", frozenset({"on", "jobs"})),
    ("a settings file", frozenset({"compilerOptions"})),
    ("a settings file", frozenset({"dependencies", "version"})),
    ("a settings file", frozenset({"devDependencies"})),
    ("a settings file", frozenset({"scripts", "version"})),
    ("a settings file", frozenset({"site_name"})),
    ("a settings file", frozenset({"services", "version"})),
    ("a settings file", frozenset({"services", "volumes"})),
    ("a settings file", frozenset({"services", "networks"})),
    ("a settings file", frozenset({"AWSTemplateFormatVersion"})),
    ("a settings file", frozenset({"lockfileVersion"})),
)


def refuse_settings(content: object) -> None:
    """Raises NotAnFaq for the content of a settings file, a notebook and their like."""
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, Mapping):
        return
    # A section of an FAQ may have any name; a list of entries stands below it.
    keys = {key for key, value in first.items() if not _holds_mappings(value)}
    kinds = [kind for kind, telling in _KINDS if telling <= keys]
    if first.get("type") == "FeatureCollection":
        kinds = ["a map"]
    if kinds:
        raise NotAnFaq(f"The file is {kinds[0]} and no FAQ; list only files that hold entries.")


def _holds_mappings(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(part, Mapping) for part in value)
