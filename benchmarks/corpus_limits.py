"""Reads files that are as large and as awkward as may be, each in a process of its own.

    python -m benchmarks.corpus_limits

No file of 20 MB may cost more than 512 MB (the process's peak) or a minute. One JSON line a file;
exits with 1 when one fails.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

from config.settings import CorpusSettings
from engine.errors import CorpusError

MB = 1_000_000
SIZE = 19 * MB
MOST_MB, MOST_S = 512, 60.0

#: Parts that fill a file, and the suffixes of the files they are tried in.
REPEATED = {
    "newlines": "\n",
    "spaces": " ",
    "one word": "a",
    "headings": "# a\n",
    "questions": "## Why is {n} so?\n\nBecause.\n\n",
    "bold questions": "**Why is {n} so?**\n\nBecause.\n\n",
    "labels": "Q: Why {n}?\nA: So.\n\n",
    "quotes": "> " * 50 + "\n",
    "stars": "*",
    "brackets": "[",
    "images": "![",
    "backticks": "`",
    "table rows": "| a | b |\n",
    "list items": "- a\n",
    "nested items": "  - a\n    - b\n      - c\n",
    "tags": "<div>",
    "links": "<a href='https://a.example/'>b</a> ",
    "details": "<details><summary>Why {n}?</summary>So.</details>\n",
    "entities": "&amp;",
    "less-than": "<",
    "shortcodes": "{{% a %}}",
    "anchors": "&a ",
    "keys": "a: b\n",
    "rows": "a,b\n",
    "tabs": "a\tb\n",
    "commas": ",",
    "quotes of CSV": '"',
    "open lists": "[",
    "open mappings": '{"a":',
    "underlines": "Why?\n====\n\n",
    "dollars": "$",
}
TEXT = (
    *(".md", ".mdx", ".txt", ".rst", ".html", ".csv", ".tsv"),
    *(".json", ".yaml", ".toml", ".jsonl", ".ipynb", ".xml"),
)
#: Files that are read in full: a list of entries as long as it may be.
ENTRY = '{{"question": "Why is {n} so?", "answer": "Because of <b>{n}</b> &amp; more. "}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one file cost."""

    name: str
    size_mb: float
    peak_mb: float
    seconds: float
    entries: int
    said: str

    @property
    def passed(self) -> bool:
        return self.peak_mb <= MOST_MB and self.seconds <= MOST_S and self.said != "died"


def files(folder: Path, part: str = "") -> Iterator[Path]:
    """The files with `part` in their name, written one after the other."""
    contents: dict[str, Callable[[], bytes]] = {
        f"{what}{suffix}": lambda part=part: _filled(part)  # type: ignore[misc]
        for what, part in REPEATED.items()
        for suffix in TEXT
    }
    contents["entries.json"] = lambda: b"[" + _filled(ENTRY + ",\n").rpartition(b",")[0] + b"]"
    contents["entries.jsonl"] = lambda: _filled(ENTRY + "\n").rpartition(b"\n")[0]
    contents["entries.csv"] = lambda: b"question,answer\n" + _filled("Why {n}?,So {n}.\n")
    contents["entries.yaml"] = lambda: _filled("- question: Why {n}?\n  answer: So.\n")
    contents["cells.ipynb"] = lambda: (
        b'{"cells": ['
        + _filled('{{"cell_type": "markdown", "source": "## Why {n}?"}},').rpartition(b",")[0]
        + b"]}"
    )
    contents["entries.xml"] = lambda: (
        b"<faq>" + _filled("<e><question>Why {n}?</question><answer>So.</answer></e>\n") + b"</faq>"
    )
    contents["entries.toml"] = lambda: _filled('[[faq]]\nquestion = "Why {n}?"\nanswer = "So."\n')
    contents["deep.xml"] = lambda: b"<a>" * 249_000 + b"</a>" * 249_000
    contents["text.xml"] = lambda: (
        b"<faq><question>Why?</question><answer>%s</answer></faq>" % (b"a b " * (SIZE // 4))
    )
    contents["zeros.zip"] = lambda: _zip({"a.md": b"\n" * SIZE})
    contents["many.zip"] = lambda: _zip({f"{n}.md": b"# a" for n in range(50_000)})
    contents["document.docx"] = lambda: _zip(
        {"word/document.xml": b"<w:document>" + b"<w:p/>" * (SIZE // 6) + b"</w:document>"}
    )
    contents["stream.pdf"] = _pdf
    for name, content in contents.items():
        if part not in name:
            continue
        path = folder / name
        path.write_bytes(content())
        yield path
        path.unlink()


def _filled(part: str) -> bytes:
    if "{n}" not in part:
        return (part * (SIZE // len(part) + 1))[:SIZE].encode()
    out = io.StringIO()
    number = 0
    while out.tell() < SIZE:
        out.write(part.format(n=number))
        number += 1
    return out.getvalue().encode()[:SIZE]


def _zip(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _pdf() -> bytes:
    text = b"BT /F1 12 Tf 60 700 Td (Why?) Tj ET\n" * (SIZE // 36)
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842]"
        b" /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
    ]
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % p for p in places)
    return out + b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start


def read_alone(path: Path) -> Run:
    """Read `path` in this process, which has read nothing before."""
    from engine.corpus.loader import CorpusLoader

    start = perf_counter()
    entries, said = 0, "read"
    with tempfile.TemporaryDirectory() as cache:
        loader = CorpusLoader(
            CorpusSettings(sources=(str(path),)), cache_dir=Path(cache), course_titles={}
        )
        try:
            entries = len(asyncio.run(loader.load()).documents)
        except CorpusError as error:
            said = str(error).replace(str(path), path.name)[:160]
    peak = peak_kb() / 1000
    return Run(
        name=path.name,
        size_mb=round(path.stat().st_size / MB, 1),
        peak_mb=round(peak),
        seconds=round(perf_counter() - start, 1),
        entries=entries,
        said=said,
    )


def peak_kb() -> float:
    """The most memory that this process has had, in KB.

    Of the kernel's own figure (ru_maxrss) a child inherits the peak of whoever started it.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="utf-8"))
        assert found
        return int(found[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # bytes on macOS


def measure(path: Path) -> Run:
    command = [sys.executable, "-m", "benchmarks.corpus_limits", "--one", str(path)]
    start = perf_counter()
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=2 * MOST_S, check=False, env=os.environ
        )
        return Run(**json.loads(done.stdout.splitlines()[-1]))
    except (subprocess.TimeoutExpired, IndexError, ValueError):
        return Run(
            name=path.name,
            size_mb=round(path.stat().st_size / MB, 1),
            peak_mb=0,
            seconds=round(perf_counter() - start, 1),
            entries=0,
            said="died",
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", type=Path, help="read this file here and print what it cost")
    parser.add_argument("-k", default="", help="only files whose name contains this")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(asdict(read_alone(arguments.one))))
        return 0
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for path in files(Path(folder), arguments.k):
            runs.append(measure(path))
            print(json.dumps({"passed": runs[-1].passed, **asdict(runs[-1])}), flush=True)
    failed = sum(not run.passed for run in runs)
    print(
        f"{len(runs) - failed} passed, {failed} failed; most memory "
        f"{max(run.peak_mb for run in runs):.0f} MB, most time "
        f"{max(run.seconds for run in runs):.0f} s"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
