"""What is no answer, in six languages, and what only looks like it."""

from __future__ import annotations

import pytest

from engine.corpus.placeholders import (
    AnswerKind,
    kind_of_answer,
)

EMPTY = """
TODO
todo.
**TODO**
- TODO
# TODO
// todo
#TODO
[TODO]
<!-- TODO: write this -->
TODO: add the steps for Windows
TODO(anna): describe how to start
FIXME - write something
TBD
tbd!
TBA
N/A
n/a
n.a.
WIP
xxx
-
–
?
???
...
…
___
[ ]
- [ ]
(empty)
[blank]
Answer
Answer:
**Answer:**
A: TBD
Ans: coming soon
Answer: coming soon
*Answer: coming soon (Added by Bob)*
The answer goes here
<answer here>
[insert answer]
[Insert the answer about deadlines]
{answer}
{{ answer }}
your answer here
Your answer here...
YOUR_ANSWER_HERE
Please add your answer here.
Write your answer here
Answer will be added later
Text goes here
[text]
<description>
Placeholder
Placeholder text
Lorem ipsum
Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt.
coming soon
Coming soon!
To be added.
to be determined
To-do
Work in progress
work-in-progress
Under construction
No answer yet
Folgt noch
wird noch ergänzt
Kommt bald.
In Arbeit
Keine Antwort
k. A.
Antwort
Deine Antwort hier
[Antwort hier einfügen]
Antwort folgt
Por hacer
Próximamente
Respuesta
Tu respuesta aquí
[inserte la respuesta aquí]
Pendiente de respuesta
En construcción
Em breve
A fazer
Sua resposta aqui
[insira a resposta]
À faire
À compléter
Votre réponse ici
Prochainement
Скоро будет
Ваш ответ здесь
Вставьте ответ
В разработке
Ответ
Ответ будет позже
NA
#N/A
Answer pending
Answer text
Test answer
Some answer
dummy text
insert text
[answer to be added]
<placeholder>
{{TODO}}
Details to follow
to be continued
This question has not been answered yet.
Text folgt
Hier kommt die Antwort
<Antwort>
Wird noch hinzugefügt
Pendiente
Escriba aquí su respuesta
Disponível em breve
Escreva a resposta aqui
Réponse à venir
Entrez votre réponse
Здесь будет ответ
Введите ответ
Ответа пока нет
""".strip().splitlines()
REAL = """
Yes.
No
No.
Not yet
Not yet.
Ja.
Sí
Да
Yes, it's possible. See the previous answer.
No, see above.
Yes, as above.
See the previous answer. Then restart the kernel.
See above, and run `make`.
See the previous section of the course notes.
See the previous homework.
See the documentation above the cell.
The previous one.
Above
Same.
As before.
The same as last year.
The next question.
Answer the next question.
Soon.
In May.
2 GB
42
0
-1
x
A
B
Answer: 42
Answer: b
Ответ: 5
A: yes
Antwort: ja
Use `pip`.
`-`
`TODO`
`N/A`
null
None
None.
Nothing.
/todo
--todo
todo.md
#
$
&
+
✅
👍
https://example.org/above
[See the previous answer](https://example.org/answer)
See https://example.org
Here
see here
See the answer here.
(Tyler Simpson)
Krishna Anand
(Added by Diego)
TODO lists are made with the app.
TODO comments are found by the linter.
Add a description.
Write a description of your project.
Text
Empty.
The correct answer is the last one.
Write the text in the box.
Your answers are stored for a year.
To be admitted, send the form.
Answer the questions.
Template link with ‘?raw=true’ like so:
(required)
<file>
{name}
It is coming soon after the lecture on Monday.
Lorem ipsum is a filler text; delete it.
Work in progress is saved every minute.
def f():
Siehe oben rechts im Menü.
Wie oben links gezeigt: zuerst speichern.
Ver el menú de arriba a la derecha.
Выше нуля.
Oben.
In progress.
Pending review by the team.
Enter a description.
Some text is missing in the answer sheet.
My answer was wrong, so I was told to repeat it.
See you next week.
Read the task description above the cell and answer it.
Follow the instructions in the previous email.
Scroll up to the first message.
Check your answers.
Respuesta corta: sí.
Respuesta: sí
Resposta: 3
La respuesta está en el libro.
Die Antwort ist ja.
Antworten Sie per Mail.
Ответ: да
Ответьте на письмо.
Так можно.
Как обычно.
Comme d'habitude.
Como siempre.
Wie immer.
As usual.
As described in the syllabus.
""".strip().splitlines()


@pytest.mark.parametrize("text", EMPTY)
def test_a_placeholder_is_no_answer(text: str) -> None:
    assert kind_of_answer(text) is AnswerKind.EMPTY


@pytest.mark.parametrize("text", REAL)
def test_a_short_or_similar_answer_is_real(text: str) -> None:
    assert kind_of_answer(text) is AnswerKind.REAL


@pytest.mark.parametrize(
    "text",
    [
        "Problem description\nSolution description\n(optional) Added by Name",
        "Answer:\n\nTODO",
        "- TODO\n- TODO",
        "TBD\n\n(Added by Anna)",
        "Coming soon\n<br>\n&nbsp;",
    ],
)
def test_several_lines_of_placeholders_are_no_answer(text: str) -> None:
    assert kind_of_answer(text) is AnswerKind.EMPTY


@pytest.mark.parametrize(
    "text",
    [
        "TODO\n\nUntil then: ask in Slack.",
        "See above.\n\nOr use `--force`.",
        "```\nTODO\n```",
        "Answer:\n\n```python\nprint(1)\n```",
        "1. Answer\n2. Wait for the review",
    ],
)
def test_a_placeholder_beside_something_else_is_real(text: str) -> None:
    assert kind_of_answer(text) is AnswerKind.REAL
