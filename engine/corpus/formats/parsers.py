"""Which parser reads which kind of file."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.corpus.entry import Parsed
from engine.corpus.formats.data.markup import parse_toml, parse_xml
from engine.corpus.formats.data.structured import parse_json, parse_yaml
from engine.corpus.formats.data.table import parse_csv
from engine.corpus.formats.documents.docx import parse_docx
from engine.corpus.formats.documents.pdf import parse_pdf
from engine.corpus.formats.documents.zip_folder import parse_export
from engine.corpus.formats.pages.webpage import parse_webpage
from engine.corpus.formats.text.markdown import parse_markdown
from engine.corpus.formats.text.mdx import parse_mdx
from engine.corpus.formats.text.notebook import parse_notebook
from engine.corpus.formats.text.plain_text import parse_text
from engine.corpus.formats.text.restructured_text import parse_rst

#: Of single files.
_FILES: Mapping[str, Callable[[bytes, int], Parsed]] = {
    ".json": lambda data, _: parse_json(data),
    ".jsonl": lambda data, _: parse_json(data, by_line=True),
    ".ndjson": lambda data, _: parse_json(data, by_line=True),
    ".yaml": lambda data, _: parse_yaml(data),
    ".yml": lambda data, _: parse_yaml(data),
    ".toml": lambda data, _: parse_toml(data),
    ".xml": lambda data, _: parse_xml(data),
    ".csv": lambda data, _: parse_csv(data),
    ".tsv": lambda data, _: parse_csv(data),
    ".md": lambda data, _: parse_markdown(data),
    ".markdown": lambda data, _: parse_markdown(data),
    ".mdx": lambda data, _: parse_mdx(data),
    ".txt": lambda data, _: parse_text(data),
    ".rst": lambda data, _: parse_rst(data),
    ".ipynb": lambda data, _: parse_notebook(data),
    ".docx": parse_docx,
    ".html": lambda data, _: parse_webpage(data),
    ".htm": lambda data, _: parse_webpage(data),
    ".xhtml": lambda data, _: parse_webpage(data),
    ".pdf": lambda data, _: parse_pdf(data),
}

#: Suffix → parser of a file's bytes; the number is the largest size after unpacking.
PARSERS: Mapping[str, Callable[[bytes, int], Parsed]] = {
    **_FILES,
    ".zip": lambda data, max_bytes: parse_export(data, max_bytes, _FILES),
}
