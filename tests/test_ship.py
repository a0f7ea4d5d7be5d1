"""Image, compose files and locks agree with each other and keep what they promise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cli.app import app, models_app
from config.settings import Secrets

ROOT = Path(__file__).resolve().parent.parent
COMPOSE_FILES = sorted(ROOT.glob("compose*.yaml"))
OWN_FILES = [*COMPOSE_FILES, ROOT / "Dockerfile", *sorted((ROOT / "docs" / "deploy").glob("*.md"))]


def dockerfile() -> str:
    """Without comments, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    return re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", text))


def instructions(name: str) -> list[str]:
    return re.findall(rf"(?m)^{name}\s+(.*)$", dockerfile())


def compose(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def service() -> dict[str, Any]:
    return compose(ROOT / "compose.yaml")["services"]["faq-desk"]


def pinned(name: str) -> dict[str, int]:
    """The packages of a lock, and how many hashes each has."""
    lock = (ROOT / name).read_text(encoding="utf-8")
    lines = re.findall(r"(?m)^([\w-]+)==[\w.]+(.*(?:\n    .*)*)", lock)
    return {package: rest.count("--hash=sha256:") for package, rest in lines}


def test_torch_is_installed_first_and_by_itself() -> None:
    installs = [line for line in instructions("RUN") if "pip install" in line]

    assert list(pinned("requirements-torch.lock")) == ["torch"]
    assert installs[0].endswith("pip install -r requirements-torch.lock")
    assert installs[1].endswith("--require-hashes --no-deps -r requirements.lock")


def test_the_image_can_have_another_build_of_torch() -> None:
    (install,) = [line for line in instructions("RUN") if "requirements-torch.lock" in line]

    assert "TORCH_INDEX_URL" in instructions("ARG")
    assert 'PIP_INDEX_URL="${TORCH_INDEX_URL:-$PIP_INDEX_URL}"' in install


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-test.lock"])
def test_every_package_is_pinned_with_the_hashes_of_its_files(lock: str) -> None:
    names = re.findall(r"(?m)^[^#\s].*", (ROOT / lock).read_text(encoding="utf-8"))

    packages = pinned(lock)

    assert len(packages) == len(names) > 10
    assert [name for name, num_hashes in packages.items() if not num_hashes] == []
    assert "torch" not in packages


def test_what_serves_holds_no_test_package() -> None:
    assert not set(pinned("requirements.lock")) & set(pinned("requirements-test.lock"))
    assert "pytest" in pinned("requirements-test.lock")
    assert "requirements-test.lock" not in dockerfile()


def test_no_version_stands_in_the_image_that_is_not_the_locks() -> None:
    versions = re.findall(r"[\w-]+==\d[\w.]*", dockerfile())

    assert versions == []


def test_the_image_uses_a_python_that_the_project_supports() -> None:
    wanted = re.search(r'requires-python = ">=3\.(\d+)"', (ROOT / "pyproject.toml").read_text())
    images = re.findall(r"(?m)^FROM (\S+)", dockerfile())

    assert wanted
    assert len(images) == 2
    assert {re.sub(r"\d+-slim$", "", image) for image in images} == {"python:3."}
    assert all(int(re.findall(r"\d+", image)[1]) >= int(wanted[1]) for image in images)


def test_image_and_compose_agree_on_a_user_that_is_not_root() -> None:
    (user,) = instructions("USER")

    assert user == service()["user"] == "10001:10001"
    assert f"--uid {user.split(':')[0]}" in dockerfile()


def test_all_state_is_on_the_volume() -> None:
    (environment,) = [line for line in instructions("ENV") if "FAQ_DATA_DIR" in line]
    values = dict(part.split("=", 1) for part in environment.split())

    assert values["FAQ_DATA_DIR"] == "/data"
    assert values["HF_HOME"].startswith("/data/")
    assert instructions("VOLUME") == ["/data"]
    assert service()["volumes"] == ["data:/data"]


def test_every_layer_of_the_program_is_in_the_image_and_nothing_else() -> None:
    copied = {name for line in instructions("COPY") for name in line.split()[:-1]}
    allowed = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }

    assert {"main.py", "config", "engine", "bot"} <= copied
    assert {name for name in copied if not name.startswith(("-", "/"))} == allowed
    assert all((ROOT / name).exists() for name in allowed)


def test_the_container_is_locked_down_and_comes_back() -> None:
    settings = service()

    assert settings["read_only"] is True
    assert settings["cap_drop"] == ["ALL"]
    assert settings["security_opt"] == ["no-new-privileges:true"]
    assert settings["init"] is True
    assert settings["restart"] == "always"
    assert settings["stop_grace_period"] == "30s"
    assert settings["tmpfs"][0].startswith("/tmp:")


@pytest.mark.parametrize("path", COMPOSE_FILES, ids=lambda path: path.name)
def test_a_port_is_open_on_this_machine_only(path: Path) -> None:
    ports = compose(path)["services"]["faq-desk"].get("ports", [])

    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_port_is_open_unless_asked_for() -> None:
    assert "ports" not in service()
    assert instructions("EXPOSE") == []


@pytest.mark.parametrize("path", COMPOSE_FILES, ids=lambda path: path.name)
def test_each_secret_is_a_file_that_the_program_reads(path: Path) -> None:
    content = compose(path)
    settings = content["services"]["faq-desk"]
    given = {
        name: value for name, value in settings["environment"].items() if name.endswith("_FILE")
    }

    assert {name.removesuffix("_FILE").lower() for name in given} == set(content.get("secrets", {}))
    assert set(settings.get("secrets", [])) == set(content.get("secrets", {}))
    assert all(
        name.removesuffix("_FILE").lower() in Secrets.model_fields
        and value == f"/run/secrets/{name.removesuffix('_FILE').lower()}"
        for name, value in given.items()
    )
    assert not {name for name in settings["environment"] if name.endswith(("TOKEN", "SECRET"))}


SET_UP = [ROOT / "Makefile", ROOT / ".ci" / "run", *sorted(ROOT.glob("*.lock"))]


@pytest.mark.parametrize("path", [*OWN_FILES, *SET_UP], ids=lambda path: path.name)
def test_no_address_of_a_package_index_is_named(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert not re.search(r"--(extra-)?index-url|pypi\.|download\.pytorch|ghcr\.io|nvcr\.io", text)


def test_every_command_that_the_pages_name_exists() -> None:
    known = {
        kind: {info.name or info.callback.__name__ for info in group.registered_commands}
        for kind, group in (("", app), ("models ", models_app))
    }

    for path in OWN_FILES:
        text = path.read_text(encoding="utf-8")
        for kind, name in re.findall(r"python main\.py (models )?([a-z]+)\b", text):
            assert name in known[kind] or (not kind and name == "models"), f"{path.name}: {name}"
    assert instructions("CMD")[-1] == '["run"]'
    assert "health" in known[""]
