"""An answer that only refers to another is told from one that answers."""

from __future__ import annotations

import pytest

from engine.corpus.placeholders import (
    AnswerKind,
    kind_of_answer,
)

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


@pytest.mark.parametrize("text", BEFORE)
def test_an_answer_that_only_points_back_is_told(text: str) -> None:
    assert kind_of_answer(text) is AnswerKind.BEFORE


@pytest.mark.parametrize("text", AFTER)
def test_an_answer_that_only_points_on_is_told(text: str) -> None:
    assert kind_of_answer(text) is AnswerKind.AFTER
