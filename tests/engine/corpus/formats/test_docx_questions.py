"""The ways in which people mark questions in a document, besides plain headings."""

from __future__ import annotations

import io
from collections.abc import Callable

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.text.paragraph import Paragraph

from engine.corpus.entry import Parsed
from engine.corpus.formats.documents.docx import parse_docx

LIMIT = 5_000_000
_NAMESPACES = (
    nsdecls("w", "r", "wp", "a")
    + ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    + ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    + ' xmlns:v="urn:schemas-microsoft-com:vml"'
)


def parsed(document: docx.document.Document) -> Parsed:
    file = io.BytesIO()
    document.save(file)
    return parse_docx(file.getvalue(), LIMIT)


def pairs(document: docx.document.Document) -> list[tuple[str, str]]:
    return [(entry.question, entry.answer) for entry in parsed(document).entries]


def bold(document: docx.document.Document, text: str, style: str = "Normal") -> Paragraph:
    paragraph = document.add_paragraph(style=style)
    paragraph.add_run(text).bold = True
    return paragraph


def with_xml(*paragraphs: str) -> docx.document.Document:
    """A document with a question that these paragraphs, as XML, answer."""
    document = docx.Document()
    document.add_heading("Why?", 2)
    for xml in paragraphs:
        name, _, rest = xml.partition(">")
        element = parse_xml(f"{name} {_NAMESPACES}>{rest}")
        document.element.body.insert(len(document.element.body) - 1, element)
    return document


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def test_each_bold_question_is_an_entry() -> None:
    document = docx.Document()
    document.add_heading("Everything about the garden", 1)
    document.add_paragraph("Please read this first.")
    for number in range(24):
        bold(document, f"May I plant number {number}?")
        document.add_paragraph("Yes.")
        document.add_paragraph("But not near the fence.")

    found = parsed(document)

    assert [entry.question for entry in found.entries] == [
        f"May I plant number {number}?" for number in range(24)
    ]
    assert {entry.answer for entry in found.entries} == {"Yes.\n\nBut not near the fence."}
    assert {entry.section for entry in found.entries} == {"Everything about the garden"}
    assert found.problems == ()


def _labelled(document: docx.document.Document, question: str, answer: str) -> None:
    document.add_paragraph(f"Question: {question}")
    document.add_paragraph(f"Answer: {answer}")


def _labelled_in_bold(document: docx.document.Document, question: str, answer: str) -> None:
    paragraph = document.add_paragraph()
    paragraph.add_run("Q:").bold = True
    paragraph.add_run(f" {question}")
    paragraph = document.add_paragraph()
    paragraph.add_run("A:").bold = True
    paragraph.add_run(f" {answer}")


def _numbered_in_bold(document: docx.document.Document, question: str, answer: str) -> None:
    bold(document, question, "List Number")
    document.add_paragraph(answer)


def _bold_by_style(document: docx.document.Document, question: str, answer: str) -> None:
    if "Fette Zeile" not in document.styles:
        style = document.styles.add_style("Fette Zeile", WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = document.styles["Normal"]
        style.font.bold = True
    document.add_paragraph(question, style="Fette Zeile")
    document.add_paragraph(answer)


def _in_one_paragraph(document: docx.document.Document, question: str, answer: str) -> None:
    bold(document, question).add_run(f" {answer}")


def _in_bold_pieces(document: docx.document.Document, question: str, answer: str) -> None:
    paragraph = document.add_paragraph()
    for word in question.split(" "):
        paragraph.add_run(f"{word} ").bold = True
    document.add_paragraph(answer)


def _in_a_style_of_questions(document: docx.document.Document, question: str, answer: str) -> None:
    if "FAQ Question" not in document.styles:
        document.styles.add_style("FAQ Question", WD_STYLE_TYPE.PARAGRAPH)
    document.add_paragraph(question, style="FAQ Question")
    document.add_paragraph(answer)


def _in_a_style_based_on_a_heading(
    document: docx.document.Document, question: str, answer: str
) -> None:
    if "Thema" not in document.styles:
        style = document.styles.add_style("Thema", WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = document.styles["Heading 2"]
    document.add_paragraph(question, style="Thema")
    document.add_paragraph(answer)


def _by_outline_level(document: docx.document.Document, question: str, answer: str) -> None:
    paragraph = document.add_paragraph(question)
    paragraph._p.get_or_add_pPr().append(parse_xml(f'<w:outlineLvl {nsdecls("w")} w:val="2"/>'))
    document.add_paragraph(answer)


@pytest.mark.parametrize(
    "write",
    [
        _labelled,
        _labelled_in_bold,
        _numbered_in_bold,
        _bold_by_style,
        _in_one_paragraph,
        _in_bold_pieces,
        _in_a_style_of_questions,
        _in_a_style_based_on_a_heading,
        _by_outline_level,
    ],
)
@pytest.mark.parametrize("has_heading", [True, False])
def test_questions_are_found_however_they_are_marked(
    write: Callable[[docx.document.Document, str, str], None], has_heading: bool
) -> None:
    document = docx.Document()
    document.add_paragraph("Our questions", style="Title")
    if has_heading:
        document.add_heading("General", 1)
    written = [("When do we start?", "In May."), ("Who may come?", "Everyone."), ("Why?", "So.")]
    for question, answer in written:
        write(document, question, answer)

    assert pairs(document) == written


@pytest.mark.parametrize("name", ["Überschrift %d", "Titre %d", "Título %d", "Заголовок %d"])
def test_headings_are_known_in_other_languages(name: str) -> None:
    document = docx.Document()
    for level, text in ((1, "Allgemeines"), (2, "Wann beginnt der Kurs?")):
        document.styles.add_style(name % level, WD_STYLE_TYPE.PARAGRAPH)
        document.add_paragraph(text, style=name % level)
    document.add_paragraph("Im Mai.")

    (entry,) = parsed(document).entries

    assert (entry.section, entry.question) == ("Allgemeines", "Wann beginnt der Kurs?")


def test_an_answer_that_holds_many_questions_is_named() -> None:
    document = docx.Document()
    document.add_heading("Can I join?", 2)
    document.add_paragraph("Yes.")
    for topic in ("rooms", "prices", "dates"):
        document.add_paragraph(f"And what about the {topic}?")
        document.add_paragraph("Ask us.")

    (problem,) = parsed(document).problems

    assert problem == (
        "The answer to “Can I join?” has 3 lines that ask; if these are questions of their own, "
        "make each a heading."
    )


def test_bold_words_stay_bold_in_an_answer() -> None:
    document = docx.Document()
    document.add_heading("Why?", 2)
    document.add_paragraph("Because ").add_run("we ").bold = True
    document.paragraphs[-1].add_run("say so.")

    assert pairs(document) == [("Why?", "Because **we** say so.")]


def test_what_stands_in_a_text_box_is_read_once() -> None:
    box = f"<w:txbxContent><w:p>{run('Mind the step.')}</w:p></w:txbxContent>"
    shape = f"<wps:wsp><wps:txbx>{box}</wps:txbx></wps:wsp>"
    document = with_xml(
        f"<w:p>{run('See the box.')}<w:r><mc:AlternateContent>"
        f'<mc:Choice Requires="wps"><w:drawing><wp:inline><a:graphic><a:graphicData>{shape}'
        "</a:graphicData></a:graphic></wp:inline></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>"
    )

    assert pairs(document) == [("Why?", "See the box.\n\nMind the step.")]


def test_links_that_are_fields_are_links() -> None:
    document = with_xml(
        '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        '<w:r><w:instrText> HYPERLINK "https://e.org/x" </w:instrText></w:r>'
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{run("the page")}'
        f'<w:r><w:fldChar w:fldCharType="end"/></w:r>{run(" says it.")}</w:p>'
    )

    assert pairs(document) == [("Why?", "[the page](https://e.org/x) says it.")]


def test_insertions_controls_and_fields_are_read_and_deletions_are_not() -> None:
    document = with_xml(
        f'<w:p><w:ins w:id="1">{run("new ")}</w:ins>'
        '<w:del w:id="2"><w:r><w:delText>old</w:delText></w:r></w:del>'
        f"<w:sdt><w:sdtContent>{run('chosen ')}</w:sdtContent></w:sdt>"
        f'<w:fldSimple w:instr="DATE">{run("2026")}</w:fldSimple></w:p>',
        f"<w:sdt><w:sdtContent><w:p>{run('Below.')}</w:p></w:sdtContent></w:sdt>",
    )

    assert pairs(document) == [("Why?", "new chosen 2026\n\nBelow.")]


def test_the_anchor_is_where_google_docs_opens_a_heading() -> None:
    document = docx.Document()
    heading = document.add_heading("Why?", 2)
    heading._p.insert(1, parse_xml(f'<w:bookmarkStart {nsdecls("w")} w:id="0" w:name="_30j0zll"/>'))
    document.add_paragraph("So.")

    (entry,) = parsed(document).entries

    assert entry.anchor == "heading=h.30j0zll"
