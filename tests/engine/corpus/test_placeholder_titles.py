"""What is no title, in six languages, and what only looks like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.placeholders import (
    is_placeholder_title,
    kind_of_answer,
    only_points_at_images,
)

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
