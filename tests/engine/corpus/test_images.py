"""Image marks, shortcodes and images off the web go; their words, code and all else stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.images import without_images
from engine.corpus.text import clean_text


@pytest.mark.parametrize(
    "mark",
    [
        "<{IMAGE:image_1}>",
        "<{IMAGE:image_id}>",
        "<{image:login page}>",
        "<>{IMAGE:image_id}",
        "<IMAGE:image_1>",
        "{IMAGE:image_1}",
        "{{IMAGE:image_1}}",
        "{{ image: dialog.png }}",
        "[IMAGE: image_1]",
        "[image: dialog.png]",
        "[cid:image001.png@01D9A2.4C5B]",
        "[image]",
        "[Screenshot 2]",
        "<screenshot>",
        "![[dialog.png]]",
        "![[dialog.png|400]]",
        "[[File:dialog.png|thumb]]",
        "![](img/dialog.png)",
        "![image](img/dialog.png)",
        "![image.png](img/image.png)",
        "![Screenshot 2024-01-02 at 10.11.12.png](<img/a b.png>)",
        "![alt text](../dialog.png)",
        "![](data:image/png;base64,iVBORw0KGgo=)",
        "![Screenshot 3](data:image/png;base64,iVBORw0KGgo=)",
        "![](<{IMAGE:image_1}>)",
        "![](//example.org/dialog.png)",
        "![](my dialog (1).png)",
        "![][image1]",
        "<img src='img/dialog.png'>",
        '<IMG SRC="dialog.png" ALT="image"/>',
        '<img\n  src="dialog.png"\n  width="300">',
        '<p align="center">\n  <img src="dialog.png">\n</p>',
        "<figure><img src='dialog.png'></figure>",
        "<picture>\n<source srcset='a.webp'>\n<img src='a.png'>\n</picture>",
        "<a href='dialog.png'><img src='dialog.png'></a>",
        "[![](dialog.png)](dialog.png)",
        "**<{IMAGE:image_1}>**",
        "(<{IMAGE:image_1}>)",
        "> <{IMAGE:image_1}>",
        "- <{IMAGE:image_1}>",
        "2. <{IMAGE:image_1}>",
        "### <{IMAGE:image_1}>",
        "<{IMAGE:image_1}><br>",
        "<{IMAGE:image_1}> <{IMAGE:image_2}>",
        "<{IMAGE:image_1}>\n\n<{IMAGE:image_2}>",
        "Screenshot: <{IMAGE:image_1}>",
        "**Screenshot:**\n\n<{IMAGE:image_1}>",
        "{{% notice %}}",
        '{{< figure src="dialog.png" >}}',
        "{{<figure src='dialog.png'>}}",
        "{{< youtube w7Ft2ymGmfc >}}",
        "{% include figure.html src='dialog.png' %}",
        "{% img left dialog.png %}",
        "[caption id='attachment_1' width='300']<img src='dialog.png'>[/caption]",
    ],
)
def test_a_mark_between_paragraphs_leaves_no_trace(mark: str) -> None:
    assert without_images(f"Before.\n\n{mark}\n\nAfter.") == "Before.\n\nAfter."
    assert without_images(mark) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("![the error dialog](img/x.png)", "the error dialog"),
        ("![Diagram of the network](<{IMAGE:image_1}>)", "Diagram of the network"),
        ("![the `x` button](img/x.png)", "the `x` button"),
        ("![a [red] dot](img/x.png)", "a [red] dot"),
        ('![](img/x.png "the error dialog")', "the error dialog"),
        ("![the error dialog][shot]\n\n[shot]: img/x.png", "the error dialog"),
        ("![the error dialog][]", "the error dialog"),
        ("![[x.png|the error dialog]]", "the error dialog"),
        ("[Image: the error dialog]", "the error dialog"),
        ("<img src='x.png' alt='the error dialog'>", "the error dialog"),
        ('{{< figure src="x.png" alt="the error dialog" >}}', "the error dialog"),
        ('{{< figure src="x.png" caption="the error dialog" >}}', "the error dialog"),
        (
            "<figure>\n<img src='x.png'>\n<figcaption>The error</figcaption>\n</figure>",
            "The error",
        ),
        ("[![the dialog](x.png)](https://e.org/a)", "[the dialog](https://e.org/a)"),
        ("[![](x.png)](https://e.org/a)", "https://e.org/a"),
    ],
)
def test_the_words_of_an_image_stay(text: str, expected: str) -> None:
    assert without_images(text).strip() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Click <{IMAGE:1}> twice.", "Click twice."),
        ("Click OK <{IMAGE:1}>.", "Click OK."),
        ("Click OK (<{IMAGE:1}>), then wait.", "Click OK, then wait."),
        ("Click OK - <{IMAGE:1}>", "Click OK"),
        ("Like this: <{IMAGE:1}>.", "Like this:"),
        ("<{IMAGE:1}> Click OK.", "Click OK."),
        ("Run it. <{IMAGE:1}>\nThen wait.", "Run it.\nThen wait."),
        ("1. One\n\n   <{IMAGE:1}>\n\n2. Two", "1. One\n\n2. Two"),
        ("- One\n- <{IMAGE:1}>\n- Two", "- One\n- Two"),
        ("- <{IMAGE:1}>\n  Then click `OK`.\n- Two", "- Then click `OK`.\n- Two"),
        ("- <{IMAGE:1}>\n\n  Then click OK.\n- Two", "- Then click OK.\n- Two"),
        ("- One <{IMAGE:1}>\n  - Two", "- One\n  - Two"),
        ("- [ ] <{IMAGE:1}>\n- [ ] Two", "- [ ] Two"),
        ("| a | b |\n| - | - |\n| <{IMAGE:1}> | c |", "| a | b |\n| - | - |\n| | c |"),
        ("A\n\n\n<{IMAGE:1}>\n\n\nB", "A\n\nB"),
        ("A\n   \n<{IMAGE:1}>\n   \nB", "A\n   \nB"),
        ("{{% note %}}\nMind the gap.\n{{% /note %}}", "Mind the gap."),
        ("{{< highlight bash >}}\nls  -l\n{{< /highlight >}}", "```bash\nls  -l\n```"),
        ('See [the page]({{< ref "a.md" >}}).', "See the page."),
        ("A ![][a] b\n\n[a]: <data:image/png;base64,AAAA>\n", "A b"),
        ("    code\n\n<{IMAGE:1}>\n\nB", "    code\n\nB"),
    ],
)
def test_what_is_left_reads_well(text: str, expected: str) -> None:
    assert without_images(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "```\n<{IMAGE:image_1}>\n```",
        "~~~md\n![x](img/x.png)\n~~~",
        "Write it so:\n\n    <{IMAGE:image_1}>\n\nDone.",
        "1. So:\n\n   ```\n   {{< figure src='x.png' >}}\n   ```",
        "```\n<{IMAGE:never closed}>",
        "The mark `<{IMAGE:image_1}>` stands for an image.",
        "The mark ``![x](`x.png`)`` stands for an image.",
        "<pre>\n![x](x.png)\n</pre>",
        "<code><img src='x.png'></code>",
        "![the dialog](https://example.org/x.png)",
        "![](HTTP://example.org/x.png)",
        "![the dialog][1]\n\n[1]: https://example.org/x.png",
        "<img src='https://example.org/x.png' alt='x'>",
        "[![badge](https://e.org/b.svg)](https://e.org)",
        "[the dialog](img/x.png)",
        "[image](https://example.org/x.png)",
        "docker run {image} and docker run <IMAGE:TAG> or {image:tag}",
        "CONTAINER ID   IMAGE            COMMAND",
        "{{ config(materialized='table') }} select {{ dbt.safe_cast('a', b) }}",
        "{% if is_incremental() %} where x {% endif %}",
        "docker ps --format '{{.Size}}' <image_name>",
        "[['column_1', 'column_2']] and [[source]]",
        "Fill in {{<your table>}} there.",
        "What! [See](x.md) <b>this</b>.",
        "A\n\n\nB",
        "![x] is not an image.",
    ],
)
def test_code_and_what_is_no_image_stay(text: str) -> None:
    assert without_images(text) == text


def test_code_beside_an_image_stays_as_it_is() -> None:
    code = "```python\n\n\n<{IMAGE:a}>   x\n\n\n```"

    assert without_images(f"<{{IMAGE:1}}>\n\n{code}\n\n`![a](b)`") == f"{code}\n\n`![a](b)`"


@given(
    st.lists(
        st.sampled_from(
            [
                *("<{IMAGE:1}>", "![a b](c)", "{{< a >}}", "<img src=a>", "![][1]", "[1]: a"),
                *("`", "```", "**", "(", ")", "[", "]", "|", "- ", "1. ", "> "),
                *("\n", "\n\n", " ", "    ", "x"),
            ]
        ),
        max_size=30,
    )
)
def test_no_sign_of_the_work_is_left(parts: list[str]) -> None:
    cleaned = without_images(clean_text("".join(parts)))

    assert not set(cleaned) & set("\x00\x01\x02")


@pytest.mark.parametrize(
    "piece",
    [
        "![",
        "[",
        "`",
        "<img ",
        '<img "',
        "<img '<a href=",
        "{% img ",
        "<pre>",
        "[image: ",
        "[a]: b\n",
        "![a](",
        "{{< ",
        "<{IMAGE:",
        "- <{IMAGE:1}>\n",
        "(",
    ],
)
def test_a_text_that_repeats_a_mark_takes_no_long_time(piece: str) -> None:
    assert isinstance(without_images("<{IMAGE:1}>" + piece * 20_000), str)
