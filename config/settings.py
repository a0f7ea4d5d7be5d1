"""The settings: what may be set, what it means, and its default."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.places import BaseUrl, Sources, checked_template

ROOT = Path(__file__).resolve().parent.parent
ENV_PREFIX = "FAQ_"
ENV_DELIMITER = "__"


class ConfigError(Exception):
    """A setting is missing, unknown or wrong; the message names it and never its value."""


def _split_commas(value: Any) -> Any:
    """A text as its parts; numbers that nobody put in quotes, such as chat ids, as written."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, list | tuple):
        return tuple(map(_unquoted, value))
    return (_unquoted(value),) if _is_number(value) else value


def _unquoted(value: Any) -> Any:
    return str(value) if _is_number(value) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


#: A path that may start with ~ wherever it is written; only a shell would expand it.
UserPath = Annotated[Path, AfterValidator(lambda path: Path(os.path.expanduser(path)))]
Strings = Annotated[tuple[str, ...], BeforeValidator(_split_commas)]
Integers = Annotated[tuple[int, ...], BeforeValidator(_split_commas)]

#: What people can open.
_ADDRESS = re.compile(r"(?i)https?://[^\s/]+")


class Section(BaseModel):
    """A frozen group of settings; an unknown key is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )


class CorpusSettings(Section):
    """Where the FAQ comes from, and where readers open it."""

    sources: Sources = ("config/faq",)
    """Files, folders or http(s) addresses, read in this order; a path with a comma stands in a
    list of YAML or JSON. An address may be that of the page of a shared document or of a file in
    a repository. Redirects are followed to public https hosts only. Where HTTPS_PROXY or
    HTTP_PROXY names a proxy (and NO_PROXY not the host), names are resolved there."""
    base_url: BaseUrl = None
    """Where readers open what `sources` holds: the address of the folder that a source is
    published as, to which a file's path is added, or an address with `{path}`, `{course}`,
    `{section}`, `{id}` or `{anchor}` in it. Of several sources, a mapping from each to its own.
    What an FAQ's `_metadata.yaml` says in `url` goes first."""
    refresh_s: float = Field(30, gt=0)
    """Seconds between looks for changed files."""
    url_refresh_s: float = Field(900, gt=0)
    """Seconds after which an address is asked again."""
    timeout_s: float = Field(20, gt=0)
    """Seconds an address may take to answer in full."""
    max_bytes: int = Field(20_000_000, gt=0)
    """Largest file or download, in bytes, before and after unpacking."""

    @model_validator(mode="after")
    def _is_of_a_source(self) -> CorpusSettings:
        named = self.base_url if isinstance(self.base_url, dict) else {}
        for source in named:
            if source not in self.sources:
                raise ValueError(f"base_url names {source}, which is not among sources")
        return self


class RetrievalSettings(Section):
    """How entries are found."""

    embedder: Literal["auto", "none"] = "auto"
    """`auto` adds vectors when the embedding models are installed, English ones and, for other
    languages, multilingual ones; `none` searches words alone."""
    num_results: int = Field(5, ge=1, le=20)
    """Entries handed to the model."""


class EngineSettings(Section):
    """The model and the process that owns it."""

    model: str = "auto"
    """Alias from the catalogue, or `auto`: what staff chose last with /model, else
    the best that the machine has room for (docs/models.md), else smollm2-135m."""
    catalog: UserPath = Path("config/models.yaml")
    """The model catalogue."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the model runs."""
    max_batch: int = Field(0, ge=0, le=256)
    """Questions that are answered at once, memory permitting; 0: 8 on the CPU, 32 on a GPU."""
    keep_idle: int = Field(1, ge=0, le=8)
    """Idle models: those that served before and stay in the machine's memory, so that switching
    back takes seconds; they go where memory is short."""
    threads: int = Field(0, ge=0)
    """CPU threads of the engine process; 0 takes all cores."""
    max_new_tokens: int = Field(160, ge=1)
    """Upper limit of tokens in an answer."""
    deadline_s: float = Field(120, gt=0)
    """Seconds after which an answer ends with what it has."""
    stall_s: float = Field(20, gt=0)
    """Seconds without a token after which an answer is cut and the engine process replaced, if it
    has told nobody anything in that time; the first token, before which the question is read, may
    take six times as long."""
    load_timeout_s: float = Field(900, gt=0)
    """Seconds a model may take to load."""


class AnswerSettings(Section):
    """What an answer looks like."""

    contact: str | None = None
    """Whom to ask when the FAQ has no answer: the course staff, in the asker's language, unless
    somebody is named here. A course can name its own."""
    num_related: int = Field(3, ge=1, le=10)
    """Entries shown where it is not sure that the FAQ answers."""
    short_entry: int = Field(400, ge=0)
    """Characters up to which an entry that surely answers is quoted as it stands: a model could
    only say it again. One with code is, whatever its length, where the model does not `read`.
    0: the model is always asked."""
    relevance: str = "auto"
    """Who judges whether an entry answers a question. `auto`: the model where the catalogue says
    that it `reads`, else `embedded`. `embedded`: the search itself. Otherwise a cross-encoder,
    as `owner/name` on the hub or the folder it is saved in."""
    support: str = "lexical"
    """Who checks whether the entries say what a model writes. `lexical`: their words, no model.
    Otherwise an entailment (NLI) model, as `owner/name` on the hub or the folder it is saved
    in; what contradicts an entry or has facts of its own goes either way."""


class CourseSettings(Section):
    """One course; the key is its machine name as in the FAQ."""

    title: str | None = None
    """Name for people; the FAQ's own when left out."""
    url: str | None = None
    """Where readers open an entry of this course that names no address of its own, such as
    `https://example.org/{course}.html#{id}`; also `{section}`, `{path}` and `{anchor}`."""
    contact: str | None = None
    """Whom to ask in this course when the FAQ has no answer."""
    slack_channels: Strings = ()
    """Slack channel ids whose questions are about this course."""
    telegram_chats: Strings = ()
    """Telegram chat ids, or `chat/topic`, whose questions are about this course."""
    platform_url: str | None = None
    """Address at which this course publishes its dates; who asks when is shown it where the FAQ
    has no current one."""
    includes: Strings = ()
    """Machine names of courses whose entries count as this course's too, such as one that says
    how all courses work."""

    @field_validator("url")
    @classmethod
    def _is_template(cls, value: str | None) -> str | None:
        return checked_template(value) if value else None

    @field_validator("platform_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value and (not _ADDRESS.match(value) or len(value.split()) != 1):
            raise ValueError("write an address that starts with https://")
        return value or None


class AdminsSettings(Section):
    """Who may switch the model and watch the GPU."""

    telegram: Integers = ()
    """Numeric Telegram user ids."""
    slack: Strings = ()
    """Slack member ids, such as U012AB3CD."""


class LimitsSettings(Section):
    """How much one person may ask."""

    questions_per_minute: int = Field(6, ge=1)
    """Questions a person may ask within a minute."""
    max_waiting_per_user: int = Field(3, ge=1)
    """Questions of one person that may wait at once."""
    max_queue: int = Field(100, ge=1)
    """Questions that may wait in all; more are refused politely."""


class TelegramSettings(Section):
    """Telegram; on when TELEGRAM_BOT_TOKEN is set."""

    base_url: str = "https://api.telegram.org/bot"
    """Address of the Bot API, as python-telegram-bot's `base_url`."""
    allowed_chats: Integers = ()
    """Ids of the groups the bot answers in; empty: in all."""
    allowed_users: Integers = ()
    """Ids of the people the bot answers; empty: everybody. Admins always may ask."""
    webhook_url: str = ""
    """The public https address that Telegram shall call; empty: the bot asks Telegram itself.
    Needs TELEGRAM_WEBHOOK_SECRET."""
    webhook_listen: str = "127.0.0.1:8443"
    """Where the webhook server listens, behind the proxy that speaks https."""


class SlackSettings(Section):
    """Slack; on when SLACK_BOT_TOKEN is set."""

    base_url: str = "https://slack.com/api/"
    """Address of the Web API, as slack-sdk's `AsyncWebClient.base_url`."""
    mode: Literal["auto", "socket", "http"] = "auto"
    """`socket` needs SLACK_APP_TOKEN and no public address; `http` needs SLACK_SIGNING_SECRET;
    `auto` takes the first for which there is a secret."""
    listen: str = "127.0.0.1:3000"
    """Where the server of HTTP mode listens, behind the proxy that speaks https."""
    allowed_channels: Strings = ()
    """Ids of the channels the bot answers in; empty: in all it is invited to. Direct messages
    are not channels."""
    allowed_users: Strings = ()
    """Ids of the people the bot answers; empty: everybody. Admins always may ask."""
    staff_reaction: str = "faq"
    """Name of the emoji by which staff have somebody's message answered; empty: none."""


class LoggingSettings(Section):
    """What is written to standard error."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severe level that is written. Texts of questions appear at DEBUG only."""


class Secrets(BaseModel):
    """Tokens; absent ones switch their platform off."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    telegram_bot_token: SecretStr | None = None
    """From BotFather."""
    telegram_webhook_secret: SecretStr | None = None
    """Webhook mode: 16 to 256 letters, digits, `_` and `-`, which Telegram sends back with every
    call."""
    slack_bot_token: SecretStr | None = None
    """Starts with xoxb-."""
    slack_app_token: SecretStr | None = None
    """Starts with xapp-; Socket Mode."""
    slack_signing_secret: SecretStr | None = None
    """HTTP mode."""
    hf_token: SecretStr | None = None
    """Access to gated models on the Hugging Face hub."""

    @property
    def on_platforms(self) -> bool:
        """Whether people are reached through a platform; else through the console."""
        return bool(self.telegram_bot_token or self.slack_bot_token)

    @property
    def hub_token(self) -> str | None:
        """HF_TOKEN in clear, for the one call that hands it to the hub."""
        return self.hf_token.get_secret_value() if self.hf_token else None


class Settings(BaseSettings):
    """Everything the operator decides; each part of the program receives its own section only."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter=ENV_DELIMITER,
        enable_decoding=False,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    data_dir: UserPath = Path("data")
    """Folder for all state: questions, caches, converted models."""
    corpus: CorpusSettings = CorpusSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    engine: EngineSettings = EngineSettings()
    answer: AnswerSettings = AnswerSettings()
    courses: dict[str, CourseSettings] = {}
    """Per-course settings, by the course's machine name."""
    admins: AdminsSettings = AdminsSettings()
    limits: LimitsSettings = LimitsSettings()
    telegram: TelegramSettings = TelegramSettings()
    slack: SlackSettings = SlackSettings()
    logging: LoggingSettings = LoggingSettings()

    @property
    def models_dir(self) -> Path:
        return self.data_dir / "models"

    def contact(self, course: str | None) -> str | None:
        """Whom to ask about `course` when the FAQ has no answer; None for the course staff."""
        own = self.courses.get(course or "")
        return (own and own.contact) or self.answer.contact

    def platform_url(self, course: str | None) -> str | None:
        """Where `course` publishes its dates; None where the settings name no place."""
        own = self.courses.get(course or "")
        return own.platform_url if own else None

    @property
    def course_titles(self) -> dict[str, str]:
        """Course → its name for people, of the courses that have one here."""
        return {name: course.title for name, course in self.courses.items() if course.title}

    @property
    def course_urls(self) -> dict[str, str]:
        """Course → the template of its entries' addresses, of the courses that have one here."""
        return {name: course.url for name, course in self.courses.items() if course.url}

    @property
    def includes(self) -> dict[str, tuple[str, ...]]:
        """Course → the courses whose entries count as its own."""
        return {name: course.includes for name, course in self.courses.items() if course.includes}
