"""What is no answer and no title, in six languages, and what only looks like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.placeholders import (
    AnswerKind,
    is_placeholder_title,
    kind_of_answer,
    only_points_at_images,
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

BEFORE = """
See the previous answer.
See previous answer
see previous question
See above.
See above
**See above!**
see above ^
(see above)
^
^^
↑ see above
👆
Same as above
same as above.
The same as above
Same answer as above
Same as the previous question.
same as previous
As above
as mentioned above
As explained in the previous answer.
Refer to the answer above
Please refer to the previous answer
Please refer to the above question/answer.
Check the previous question
Check the answer to the question above.
Answered above
Already answered above.
This has been answered in the previous question
See the entry above
See the question before this one
Look at the answer right above this one, please.
See [the previous answer](#previous)
See [above](../questions.md#q1)
Answer: see above
TODO: see above
Ditto
ditto.
Idem
cf. above
See the previous answer. (Added by Bob)
siehe oben
Siehe oben.
s. o.
s.o.
wie oben
Wie oben beschrieben
Siehe vorherige Antwort
Siehe die vorherige Frage
siehe Antwort auf die vorherige Frage
Gleiche Antwort wie oben
dasselbe wie oben
Wurde oben bereits beantwortet
dito
ver arriba
Véase arriba
Véase más arriba.
Ver la respuesta anterior
ver pregunta anterior
Igual que arriba
Lo mismo que arriba
Misma respuesta que la anterior
Consulte la respuesta anterior
Ídem
ver acima
Veja acima
Vide resposta anterior
Veja a resposta anterior
Igual à anterior
Mesma resposta acima
O mesmo que acima
voir ci-dessus
Voir plus haut
cf. ci-dessus
Voir la réponse précédente
Voir la question précédente.
Même réponse que ci-dessus
comme ci-dessus
см. выше
См. выше.
смотри выше
Смотрите предыдущий ответ
См. предыдущий вопрос
См. ответ на предыдущий вопрос
То же самое, что и выше
как выше
Аналогично предыдущему
Тот же ответ, что и выше
See my previous answer
Check out the previous answer
Have a look at the previous answer.
Duplicate, see above.
Duplicate of the previous question
Idem ci-dessus
Scroll up
→ see above
Same thing as above
The answer is the same as above.
siehe weiter oben
Die Antwort steht oben.
Genauso wie oben
analog zu oben
Siehe Antwort darüber
Das Gleiche wie oben.
Mirar arriba
Como se mencionó anteriormente
Como mencionado acima
Respondido acima.
Voir au-dessus
Comme indiqué ci-dessus
Même chose que ci-dessus
Voir ma réponse précédente
Уже отвечено выше
Как сказано выше
Ответ в предыдущем вопросе
""".strip().splitlines()

AFTER = """
See below.
See the next question
See the answer below
Please refer to the following question
siehe unten
siehe nächste Frage
ver abajo
voir ci-dessous
см. ниже
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

TITLES = """
Question
question
Question?
**Question**
Question 1
Question 1?
Question #1
Question no. 3
Question 12:
Q1
Q1.
Q 2
Q
Untitled
Untitled 3
Untitled question
New question
Template
Title
Problem title
Question title
Your question here
[Your question]
<question>
[Insert question]
Insert your question here
Write your question here
TODO
TBD
N/A
Placeholder
?
...
-
Lorem ipsum
Lorem ipsum dolor sit amet?
Frage
Frage 2
Neue Frage
Ohne Titel
Unbenannt
Vorlage
Deine Frage hier
Pregunta
Pregunta 1
¿Pregunta?
Nueva pregunta
Sin título
Plantilla
Pergunta 4
Nova pergunta
Sem título
Nouvelle question
Sans titre
Titre
Вопрос
Вопрос 1
Новый вопрос
Без названия
Шаблон
Question #
Question-1
Question_1
Q-1
Q1)
1. Question
Test question
Title goes here
Enter your question
{{question}}
(no title)
Untitled document
Question X
Frage einfügen
Escriba su pregunta aquí
Insérez votre question
Вопрос №1
Введите вопрос
""".strip().splitlines()

REAL_TITLES = """
Question 6: wrong result?
Question 6 of homework 2
Q1 results differ
Q4: what is meant?
Homework
Homework 1
Homework 3 Question 6
Certificates
Data Leakage
f-strings
AWS costs
AWS costs:
Question about deadlines
Add a question
How do I ask a question?
Template for the project?
Where is the template?
Is there a title?
The title of my project
Questions
Title page
To do lists
What is N/A?
TODO comments
Previous answer
Опоздания
Скидки
Вопрос об оплате
Frage zur Abgabe
Lost gate key
Exam?
C++
.gitignore
`TODO`
/todo
1 + 1?
Coming soon: module 5
Type of question
C#
F# and C#
Enter the hall
Add a title
Question types
Numbers
Test
Tests
Example
""".strip().splitlines()


@pytest.mark.parametrize("text", EMPTY)
def test_a_placeholder_is_no_answer(text: str) -> None:
    assert kind_of_answer(text) is AnswerKind.EMPTY


@pytest.mark.parametrize("text", BEFORE)
def test_an_answer_that_only_points_back_is_told(text: str) -> None:
    assert kind_of_answer(text) is AnswerKind.BEFORE


@pytest.mark.parametrize("text", AFTER)
def test_an_answer_that_only_points_on_is_told(text: str) -> None:
    assert kind_of_answer(text) is AnswerKind.AFTER


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


@pytest.mark.parametrize("title", TITLES)
def test_a_placeholder_is_no_title(title: str) -> None:
    assert is_placeholder_title(title)


@pytest.mark.parametrize("title", REAL_TITLES)
def test_a_short_or_similar_title_is_real(title: str) -> None:
    assert not is_placeholder_title(title)


@pytest.mark.parametrize(
    "text", ["See the screenshot below:", "As shown in the image above.", "Screenshot"]
)
def test_nothing_is_left_of_an_answer_that_points_at_its_image(text: str) -> None:
    assert only_points_at_images(text)


@pytest.mark.parametrize(
    "text", ["Try these steps:", "Click Save, as shown in the image.", "Yes:", "See above."]
)
def test_a_sentence_beside_an_image_is_left(text: str) -> None:
    assert not only_points_at_images(text)


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    kind_of_answer(text)
    is_placeholder_title(text)
    only_points_at_images(text)
