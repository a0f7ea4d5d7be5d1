"""Marks for a site generator go; code and templates that an answer is about stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.corpus.site_marks import without_site_marks
from tests.engine.corpus.corpus_cases import ENTRIES, loader, written


@pytest.mark.parametrize(
    "mark",
    [
        "{{% notice %}}",
        "{{% /notice %}}",
        '{{< include "a.md" >}}',
        "{{< tabs >}}",
        "{{% shortcode %}}",
        "{% include faq.html %}",
        '{% include "x.md" a=b %}',
        "{%- include_relative x.md -%}",
        '{% hint style="info" %}',
        "{% endhint %}",
        '{% embed url="https://e.org" %}',
        "{% raw %}",
        "{% comment %}\nnot yet\n{% endcomment %}",
        "{{#include a.md}}",
        '--8<-- "a.md"',
        "[TOC]",
        "[[_TOC_]]",
        "* TOC\n{:toc}",
        "{: .note .big }",
        "[//]: # (a comment)",
        '[comment]: # "a comment"',
    ],
)
def test_a_mark_leaves_no_trace(mark: str) -> None:
    assert without_site_marks(f"Before.\n\n{mark}\n\nAfter.") == "Before.\n\nAfter."
    assert without_site_marks(mark) == ""


def test_the_title_of_a_box_stays() -> None:
    text = '{{% alert title="Mind the gap" %}}\nSo.\n{{% /alert %}}'

    assert without_site_marks(text) == "Mind the gap\nSo."


@pytest.mark.parametrize(
    "text",
    [
        "```\n{% include x %}\n[TOC]\n```",
        "Write `{{< tabs >}}` there.",
        "{% if is_incremental() %} where x {% endif %}",
        "{{ config(materialized='table') }} {{ ref('a') }}",
        "{% set x = 1 %}{% for a in b %}",
        'docker ps --format "{{.Names}}"',
        "Fill in {{<your table>}} there.",
        "{{< figure src='x.png' alt='the dialog' >}}",
        "{{< highlight bash >}}\nls\n{{< /highlight >}}",
        '[the page]({{< ref "a.md" >}})',
        "See [the table](#toc).",
        "[1]: https://e.org",
        "Use {:a, :b} in Ruby.",
    ],
)
def test_code_and_what_is_no_mark_stay(text: str) -> None:
    assert without_site_marks(text) == text


@pytest.mark.parametrize(
    "piece", ["{{% ", "{% include ", "{: ", "{% comment %}", "--8<--", "[", "{{<"]
)
def test_a_text_that_repeats_a_mark_takes_no_long_time(piece: str) -> None:
    assert isinstance(without_site_marks("{: .x }\n" + piece * 20_000), str)


async def test_what_was_taken_out_is_told(tmp_path: Path) -> None:
    path = written(
        tmp_path / "one.json",
        [
            *ENTRIES,
            {"question": "Where is it?", "answer": "Here.\n\n{% include map.html %}"},
            {"question": "What is there?", "answer": "{{% include 'all.md' %}}"},
        ],
    )

    corpus = await loader(path).load()

    assert [each.reason for each in corpus.taken_out] == [
        "1 entry had marks for a site generator, which were taken out."
    ]
    assert "has only marks for a site generator" in corpus.left_out[0].reason
    assert corpus.documents[-1].answer == "Here."
