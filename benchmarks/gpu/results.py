"""One JSON file for each part, written as its figures come."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from benchmarks.gpu.parts import PARTS


class State(StrEnum):
    """How far a part is."""

    MISSING = "missing"
    #: It was begun and did not end: it is run again.
    BEGUN = "begun"
    DONE = "done"
    SKIPPED = "skipped"
    #: It is not run again unless it is named.
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What is known of a part."""

    part: str
    state: State = State.MISSING
    tiny: bool = False
    #: Why it was skipped or failed.
    reason: str = ""
    seconds: float = 0.0
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    #: What was measured before it ended, also where it failed.
    figures: dict[str, object] = field(default_factory=dict)

    @property
    def remains(self) -> bool:
        """Whether it is still to be run."""
        return self.state in (State.MISSING, State.BEGUN)


class Results:
    """The result files in one folder; those of tiny models have names of their own."""

    def __init__(self, folder: Path, *, tiny: bool) -> None:
        self.folder = folder
        self.tiny = tiny

    def read(self, part: str) -> Result:
        """The result of a part."""
        try:
            content = json.loads(self._file(part).read_text(encoding="utf-8"))
            return Result(**content | {"state": State(content["state"])})
        except (OSError, ValueError, TypeError, KeyError):  # none, or cut off
            return Result(part=part, tiny=self.tiny)

    def all(self) -> list[Result]:
        """The results of all parts, in their order."""
        return [self.read(part) for part in PARTS]

    def write(self, result: Result) -> None:
        """Keep the result; whoever reads finds the old one or the new one whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        new = self._file(result.part).with_suffix(".new")
        text = json.dumps(asdict(result), indent=1, ensure_ascii=False)
        new.write_text(text + "\n", encoding="utf-8")
        new.replace(self._file(result.part))

    def take_over(self, other: Path) -> None:
        """Copy what is missing here from an earlier run with another folder."""
        earlier = Results(other, tiny=self.tiny)
        for part in PARTS:
            found = earlier.read(part)
            if self.read(part).remains and not found.remains:
                self.write(found)

    def _file(self, part: str) -> Path:
        return self.folder / f"{part}{'.tiny' if self.tiny else ''}.json"
