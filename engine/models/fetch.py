"""The process that brings a model's weights onto this machine: converts a GGUF or downloads.

It is a process of its own so that it can be stopped at any time and gives all memory back.
Reads one line, an Order, and writes lines: Transfers, at last a Result.
"""

from __future__ import annotations

import fcntl
import importlib.util
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter

from engine.errors import EngineError, ModelLoadError
from engine.models.catalog import ModelEntry
from engine.models.folder import Transfer, new_folder, require_space, useful_files
from engine.models.hub import download
from engine.models.hub_errors import why_not_written
from engine.models.integrity import drop, find_changed, find_damage, hub_sum
from engine.models.loadable import read_loadable, refuse_unbuildable
from engine.models.saved import verify_saved

#: Bytes that a conversion writes.
_CONVERTED = 280_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    entry: ModelEntry
    #: Where saved models lie, absolute.
    models_dir: str
    hf_token: str | None
    #: Where the model lies already: every byte of it is checked, and fetched where it is damaged.
    found: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Where the weights are, or a sentence why not."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    path: str | None = None
    error: str | None = None


ORDER = TypeAdapter(Order)
#: What is written on a line.
LINE: TypeAdapter[Transfer | Result] = TypeAdapter(Transfer | Result)


def fetch(order: Order) -> Path:
    """Bring the weights here; returns their folder. Raises ModelLoadError with a sentence."""
    entry, models_dir = order.entry, Path(order.models_dir)
    try:
        if order.found and _is_sound(entry, Path(order.found)):
            return Path(order.found)
        # The file of a package is of no known commit.
        if entry.package and not entry.is_pinned and _package_file(entry.package):
            return _convert(entry, models_dir)
        return download(entry, order.hf_token, _say, look_over=_look_over)
    except OSError as error:
        raise ModelLoadError(why_not_written(entry, error)) from error


def _is_sound(entry: ModelEntry, folder: Path) -> bool:
    """Whether the model in `folder` is whole and can be loaded.

    What is damaged in the hub's cache is deleted, to be fetched anew. Raises ModelLoadError for a
    folder that is somebody's own, and for what fetching would not mend.
    """
    _say(Transfer(what=f"Checking {entry.alias}"))
    verify_saved(folder)
    sums = {path.name: known for path in useful_files(folder) if (known := hub_sum(path))}
    damaged = find_changed(folder, sums)
    if not damaged and (damage := find_damage(folder)):
        damaged = [damage]
    if not damaged:
        _look_over(entry, folder)
        return True
    if folder.parent.name != "snapshots":
        raise ModelLoadError(
            f"{damaged[0]}. Copy or save {entry.alias} there again, or delete the folder and run "
            f"`python main.py models pull {entry.alias}`."
        )
    for damage in damaged:
        drop(damage.path)
    return False


def _look_over(entry: ModelEntry, folder: Path) -> None:
    refuse_unbuildable(entry, read_loadable(entry, folder).config)


def _package_file(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    return next((file for folder in folders or () for file in Path(folder).glob("*.gguf")), None)


def _convert(entry: ModelEntry, models_dir: Path) -> Path:
    source = _package_file(entry.package or "")
    assert source is not None
    target = models_dir / entry.alias
    models_dir.mkdir(parents=True, exist_ok=True)
    with (models_dir / f".{entry.alias}.lock").open("w") as lock:
        # Two programs may want the model at once; the second finds the work done.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.is_dir():
            return target
        for left_over in models_dir.glob(f".{entry.alias}.part-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        require_space(
            entry.alias, _CONVERTED, models_dir, remedy="set FAQ_DATA_DIR to a larger disk"
        )
        _say(Transfer(what=f"Converting the weights of {entry.alias} (once, about half a minute)"))
        with new_folder(target) as part:
            _write_converted(source, part)
    return target


def _write_converted(source: Path, target: Path) -> None:
    """Write the model in the GGUF file `source` to the folder `target` as bfloat16 safetensors.

    Loading a GGUF takes 15 to 25 s each time, the folder 1 s. transformers refuses to save a
    model that came from a GGUF, so the weights move into a fresh one.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    folder, name = str(source.parent), source.name
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name, local_files_only=True)
    read = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=name, dtype=torch.bfloat16, local_files_only=True
    )
    fields = read.config.to_dict()
    for stray in ("quantization_config", "_pre_quantization_dtype", "_name_or_path"):
        fields.pop(stray, None)
    model = AutoModelForCausalLM.from_config(type(read.config)(**fields), dtype=torch.bfloat16)
    model.load_state_dict(read.state_dict())
    model.tie_weights()
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)


def _say(line: Transfer | Result) -> None:
    print(LINE.dump_json(line).decode(), flush=True)  # noqa: T201 - the parent reads it


def main() -> int:
    order = ORDER.validate_json(sys.stdin.buffer.readline())
    try:
        result = Result(path=str(fetch(order)))
    except EngineError as error:
        result = Result(error=str(error))
    with suppress(BrokenPipeError):
        _say(result)
    return 0 if result.path else 1


if __name__ == "__main__":
    sys.exit(main())
