"""Placeholders are left out, references resolved, images taken out: in every format alike."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
import yaml
from aiohttp import web

from config.settings import CorpusSettings
from engine.corpus.corpus import Corpus
from engine.corpus.loader import CorpusLoader
from engine.errors import CorpusError

#: Question and answer of a file that holds one of each kind.
ROWS = [
    ("Can I join late?", "Yes, until May."),
    ("May I join later than that?", "See the previous answer."),
    ("And much later?", "Same as above."),
    ("How do I start week 8?", "TODO"),
    ("Question", "Answer"),
    ("Question 3", "Send a mail."),
    ("Where is the button?", "<{IMAGE:image_1}>"),
    ("What does the error look like?", "Like this:\n\n<{IMAGE:image_2}>\n\n![a red bar](bar.png)"),
    ("Question 6: wrong result?", "Not yet"),
]
SERVED = [
    ("Can I join late?", "Yes, until May."),
    ("May I join later than that?", "Yes, until May."),
    ("And much later?", "Yes, until May."),
    ("What does the error look like?", "Like this:\n\na red bar"),
    ("Question 6: wrong result?", "Not yet"),
]


def loader(source: str | Path, cache_dir: Path = Path("unused")) -> CorpusLoader:
    return CorpusLoader(
        CorpusSettings(sources=(str(source),), timeout_s=5), cache_dir=cache_dir, course_titles={}
    )


def as_json(folder: Path) -> Path:
    path = folder / "faq.json"
    entries = [{"question": question, "text": answer} for question, answer in ROWS]
    path.write_text(json.dumps([{"course": "c", "documents": entries}]), encoding="utf-8")
    return path


def as_yaml(folder: Path) -> Path:
    path = folder / "faq.yaml"
    entries = [{"question": question, "answer": answer} for question, answer in ROWS]
    path.write_text(yaml.safe_dump(entries), encoding="utf-8")
    return path


def as_csv(folder: Path) -> Path:
    path = folder / "faq.csv"
    text = io.StringIO()
    csv.writer(text).writerows([("question", "answer"), *ROWS])
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def as_markdown(folder: Path) -> Path:
    section = folder / "course" / "01-section"
    section.mkdir(parents=True)
    for number, (question, answer) in enumerate(ROWS):
        matter = yaml.safe_dump({"question": question, "sort_order": number})
        path = section / f"{9 - number}.md"  # the sort order decides, not the name
        path.write_text(f"---\n{matter}---\n{answer}\n", encoding="utf-8")
    return folder


def as_docx(folder: Path) -> Path:
    path = folder / "faq.docx"
    document = docx.Document()
    document.add_paragraph("Section", style="Heading 1")
    for question, answer in ROWS:
        document.add_paragraph(question, style="Heading 2")
        for paragraph in answer.split("\n\n"):
            document.add_paragraph(paragraph)
    document.save(str(path))
    return path


def pairs(corpus: Corpus) -> list[tuple[str, str]]:
    return [(document.question, document.answer) for document in corpus.documents]


def told(corpus: Corpus) -> list[str]:
    return [problem.reason for problem in corpus.left_out]


async def load_rows(folder: Path, rows: list[dict[str, object]]) -> Corpus:
    path = folder / "rows.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return await loader(path).load()


@pytest.mark.parametrize("write", [as_json, as_yaml, as_csv, as_markdown, as_docx])
async def test_every_format_is_gone_through(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    source = write(tmp_path)

    corpus = await loader(source).load()

    assert pairs(corpus) == SERVED
    assert corpus.problems == ()
    assert len(corpus.left_out) == 6
    assert all(str(tmp_path) in problem.source for problem in corpus.left_out)
    assert [(image.source, image.reason) for image in corpus.taken_out] == [
        (str(source), "1 entry had image marks, which were taken out.")
    ]


async def test_an_address_is_gone_through(tmp_path: Path) -> None:
    body = as_json(tmp_path).read_bytes()
    app = web.Application()
    app.router.add_get("/faq.json", lambda _: _answer(body))
    runner = web.AppRunner(app, handle_signals=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/faq.json"

    corpus = await loader(address, tmp_path / "cache").load()

    await runner.cleanup()
    assert pairs(corpus) == SERVED
    assert {each.source for each in (*corpus.left_out, *corpus.taken_out)} == {address}


async def _answer(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")


async def test_what_became_of_each_is_told(tmp_path: Path) -> None:
    corpus = await loader(as_json(tmp_path)).load()

    assert told(corpus) == [
        "“May I join later than that?” (c) only points at the entry before it and is served with "
        "the answer of “Can I join late?”; write its own answer if that is the wrong one.",
        "“And much later?” (c) only points at the entry before it and is served with "
        "the answer of “Can I join late?”; write its own answer if that is the wrong one.",
        "“How do I start week 8?” (c) has no answer yet, only “TODO”, and is left out; "
        "write one to serve it.",
        "“Question” (c) is a template that was not filled in and is left out; fill or delete it.",
        "“Question 3” (c) has a placeholder for a title and is left out, though it has an answer "
        "(“Send a mail.”); write the question it answers.",
        "“Where is the button?” (c) has only images for an answer and is left out; "
        "write one in words.",
    ]


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ([], "nothing is before it"),
        ([{"question": "Q?", "text": "TODO"}], "it has no answer"),
        ([{"question": "Q?", "text": ""}], "it could not be read"),
        ([{"question": "Q?", "text": "<{IMAGE:1}>"}], "it had only images"),
        ([{"question": "Q?", "text": "Yes.", "section": "other"}], "it is in another section"),
        ([{"question": "Q?", "text": "Yes.", "course": "other"}], "it is in another course"),
        ([{"question": "Q?", "text": "See below."}], "it points back"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_reference_without_an_answer_is_left_out(
    tmp_path: Path, before: list[dict[str, object]], reason: str
) -> None:
    first = {"question": "First?", "text": "One."}
    if reason in ("nothing is before it", "it is in another section", "it is in another course"):
        first["section"] = "other"

    corpus = await load_rows(
        tmp_path, [first, *before, {"question": "And then?", "text": "See above."}]
    )

    assert "And then?" not in dict(pairs(corpus))
    assert "“And then?”" in told(corpus)[-1]
    assert "no entry before it in its section has one" in told(corpus)[-1]


async def test_a_reference_to_the_next_answer_is_resolved_too(tmp_path: Path) -> None:
    corpus = await load_rows(
        tmp_path,
        [{"question": "When?", "text": "See below."}, {"question": "Where?", "text": "In May."}],
    )

    assert dict(pairs(corpus))["When?"] == "In May."
    assert "the entry after it" in told(corpus)[0]


async def test_below_an_image_that_was_taken_out_nothing_is_meant(tmp_path: Path) -> None:
    corpus = await load_rows(
        tmp_path,
        [
            {"question": "How?", "text": "See below:\n\n<{IMAGE:1}>"},
            {"question": "Where?", "text": "Here, in the hall."},
        ],
    )

    assert pairs(corpus) == [("Where?", "Here, in the hall.")]
    assert "only images" in told(corpus)[0]


async def test_an_image_beside_a_reference_does_not_keep_it_from_being_resolved(
    tmp_path: Path,
) -> None:
    corpus = await load_rows(
        tmp_path,
        [
            {"question": "When?", "text": "In May."},
            {"question": "And how?", "text": "See above.\n\n<{IMAGE:1}>"},
        ],
    )

    assert dict(pairs(corpus))["And how?"] == "In May."


async def test_the_answer_under_a_placeholder_title_can_be_meant(tmp_path: Path) -> None:
    corpus = await load_rows(
        tmp_path,
        [{"question": "Question", "text": "In May."}, {"question": "When?", "text": "See above."}],
    )

    assert pairs(corpus) == [("When?", "In May.")]


async def test_the_other_entries_keep_their_ids_and_order(tmp_path: Path) -> None:
    real = [{"question": f"Number {n}?", "text": f"It is {n}."} for n in range(4)]
    empty = {"question": "Question", "text": "Answer"}

    with_them = await load_rows(tmp_path, [empty, *real[:2], empty, *real[2:], empty])
    alone = await load_rows(tmp_path, [*real])

    assert with_them.documents == alone.documents
    assert with_them.version == alone.version
    assert alone.left_out == ()
    assert alone.taken_out == ()


async def test_an_id_does_not_change_with_an_image(tmp_path: Path) -> None:
    plain = await load_rows(tmp_path, [{"question": "How?", "text": "So."}])
    pictured = await load_rows(tmp_path, [{"question": "How?", "text": "So.\n\n<{IMAGE:1}>"}])

    assert plain.documents == pictured.documents


async def test_an_faq_of_placeholders_alone_is_an_error_that_names_them(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="No FAQ entry could be read") as error:
        await load_rows(tmp_path, [{"question": "When?", "text": "TBD"}])

    assert "“When?”" in str(error.value)
    assert "write one to serve it" in str(error.value)


async def test_thousands_that_point_at_each_other_take_no_long_time(tmp_path: Path) -> None:
    rows = [{"question": f"Number {n}?", "text": "See above."} for n in range(5_000)]

    corpus = await load_rows(tmp_path, [{"question": "First?", "text": "Yes."}, *rows])

    assert len(corpus.documents) == 5_001
    assert {document.answer for document in corpus.documents} == {"Yes."}
