"""Reads settings and secrets from all their sources, and names every key that is wrong.

Precedence: command line > environment > `.env` > the file given with `--config` > default.yaml.
Secrets come from the environment (or `.env`, or a file named by NAME_FILE) and nowhere else.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values
from pydantic import BaseModel, ValidationError
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from config.checkout import CHECKOUT_ENV, DEFAULT_PATHS, find_env, in_checkout, path_in_checkout
from config.settings import ENV_DELIMITER, ENV_PREFIX, ConfigError, Secrets, Settings
from config.tokens import clean_token

DEFAULT_FILE = Path(__file__).resolve().parent / "default.yaml"
#: UTF-8, also with the byte order mark that some editors put first.
ENV_ENCODING = "utf-8-sig"
#: How much of a variable's name must be like that of a setting to be a misspelt one.
_NEAR_MISS = 0.8
#: Those of a file that is named as a token's; it may be anything.
_MOST_CHARS = 10_000


def load_settings(
    config: Path | None = None,
    *,
    overrides: dict[str, Any] | None = None,
    env_file: Path | None = None,
) -> Settings:
    """Read all sources. `overrides` is a nested dict from the command line.

    Raises ConfigError naming every unknown or wrong key, and a missing file.
    """
    env_file = env_file or find_env()
    _refuse_unknown_environment(env_file)
    defaults = in_checkout(_read_yaml(DEFAULT_FILE))
    files = [defaults] if config is None else [defaults, _read_yaml(config)]
    for key in chain.from_iterable(files):
        if key not in Settings.model_fields:
            raise ConfigError(f"{key}: there is no such setting. {_known(Settings)}")
    try:
        return _sourced(overrides or {}, env_file, [in_checkout(DEFAULT_PATHS), *files])()
    except ValidationError as error:
        raise ConfigError(_describe(error)) from None


def _sourced(
    overrides: dict[str, Any], env_file: Path, files: list[dict[str, Any]]
) -> type[Settings]:
    """Settings that read these sources; of the files a later one counts before an earlier one."""

    class _Sourced(Settings):
        # `.env` holds foreign names too; ours were checked before.
        model_config = SettingsConfigDict(extra="ignore")

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (
                InitSettingsSource(settings_cls, overrides),
                EnvSettingsSource(settings_cls),
                _EnvFile(settings_cls, env_file=env_file, env_file_encoding=ENV_ENCODING),
                *(InitSettingsSource(settings_cls, content) for content in reversed(files)),
            )

    return _Sourced


class _EnvFile(DotEnvSettingsSource):
    """A `.env`; relative paths in that of the checkout are of the checkout."""

    def __call__(self) -> dict[str, Any]:
        content = super().__call__()
        return in_checkout(content) if self.env_file == CHECKOUT_ENV else content


def load_secrets(env_file: Path | None = None) -> Secrets:
    """Read the tokens. NAME_FILE names a file that holds the token, as container secrets do.

    Raises ConfigError, which names every variable whose file cannot be read or whose value cannot
    be the token that it should be.
    """
    env_file = env_file or find_env()
    in_env_file = {name: value for name, value in _read_env(env_file).items() if value}
    given = {name.upper(): value for name, value in (in_env_file | os.environ).items()}
    found: dict[str, str | None] = {}
    problems = []
    for field in Secrets.model_fields:
        name, file = field.upper(), f"{field.upper()}_FILE"
        try:
            found[field] = clean_token(name, given.get(name, ""), any_hub="HF_ENDPOINT" in given)
            if found[field] is None and (path := given.get(file, "").strip()):
                if env_file == CHECKOUT_ENV and file not in os.environ:
                    path = path_in_checkout(path)
                content = _read_secret(file, Path(os.path.expanduser(path)))
                found[field] = clean_token(name, content, any_hub="HF_ENDPOINT" in given)
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    return Secrets.model_validate(found)


def _read_secret(variable: str, path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig") as file:
            return file.read(_MOST_CHARS)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(f"{variable}: {path} cannot be read ({reason}).") from None


def _read_env(env_file: Path) -> dict[str, str | None]:
    """What `.env` says; empty without the file. Raises ConfigError when it cannot be read."""
    if not os.path.isfile(env_file):
        return {}
    try:
        return dotenv_values(env_file, encoding=ENV_ENCODING)
    except OSError as error:
        raise ConfigError(f"{env_file} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{env_file} is not UTF-8 text; save it as UTF-8.") from None


def hub_home(env_file: Path | None = None) -> str | None:
    """HF_HOME, which the hub's own library reads from the environment only."""
    if home := os.environ.get("HF_HOME"):
        return home
    env_file = env_file or find_env()
    home = _read_env(env_file).get("HF_HOME")
    return path_in_checkout(home) if home and env_file == CHECKOUT_ENV else home


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"The settings file {path} cannot be read ({error.strerror}).") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" at line {where.line + 1}" if where else ""
        raise ConfigError(f"The settings file {path} is not valid YAML{line}.") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"The settings file {path} must hold keys and values.")
    return content


def foreign_variables(env_file: Path = Path(".env")) -> tuple[str, ...]:
    """Variables that begin like ours and name no setting: those of other programs, most likely."""
    return tuple(name for name in _our_prefix(env_file) if _is_foreign(_parts(name)))


def _refuse_unknown_environment(env_file: Path) -> None:
    """pydantic-settings ignores a misspelt variable; an operator must hear of it."""
    for name in _our_prefix(env_file):
        path = _parts(name)
        if _is_foreign(path):
            continue
        model: type[BaseModel] | None = Settings
        for depth, part in enumerate(path):
            if model is None or part not in model.model_fields:
                known = f" {_known(model)}" if model else ""
                raise ConfigError(f"{name}: there is no such setting.{known}")
            section = _section(model, part)
            if section and depth == len(path) - 1:
                raise ConfigError(f"{name} names a section; set one of its keys: {_known(section)}")
            if part == "courses":
                raise ConfigError(f"{name}: courses can only be set in a settings file.")
            model = section


def _our_prefix(env_file: Path) -> list[str]:
    names = sorted({*os.environ, *_read_env(env_file)})
    return [name for name in names if name.upper().startswith(ENV_PREFIX)]


def _parts(name: str) -> list[str]:
    return name[len(ENV_PREFIX) :].lower().split(ENV_DELIMITER)


def _is_foreign(path: list[str]) -> bool:
    """Whether a variable is neither a setting nor a misspelt one: FAQ_URL may be anybody's."""
    sections = {name: _section(Settings, name) for name in Settings.model_fields}
    keys = {
        name: list(section.model_fields) if section else [] for name, section in sections.items()
    }
    if len(path) > 1:
        meant = {*keys, *chain.from_iterable(keys.values())}
        return not get_close_matches(path[0], meant)
    whole = {*keys, *(f"{name}{ENV_DELIMITER}{key}" for name in keys for key in keys[name])}
    return not get_close_matches(path[0], whole, cutoff=_NEAR_MISS)


def _section(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    annotation = model.model_fields[name].annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None


def _known(model: type[BaseModel]) -> str:
    return "Known: " + ", ".join(model.model_fields) + "."


def _describe(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        where = ".".join(str(part) for part in problem["loc"])
        what = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            what = "there is no such setting"
        lines.append(f"{where}: {what}.")
    return " ".join(lines)
