"""What the dialogs share: a scripted model, entries, and how people press."""

from __future__ import annotations

from bot.messages import Press, Reply
from engine.types import Document
from tests.fakes import ScriptedGenerator

LATE = "Can I still join after the start?"
LATE_ANSWER = "You can join at any time."
CLOSEST = "I am not sure the FAQ answers this. These come closest:"
NO_ANSWER = "The FAQ has no answer to this. Please ask the course staff."
#: Entries that answer something else than what people ask next to them.
TRAPS = tuple(
    Document(id=id, course=course, section=section, question=question, answer=answer)
    for id, course, section, question, answer in (
        (
            "group-project",
            "llm",
            "Capstone",
            "Is it a group project?",
            "No, the capstone is a solo project.",
        ),
        (
            "evidently",
            "llm",
            "Monitoring",
            "How do I install Evidently?",
            "Run `pip install evidently` in the environment of module 5.",
        ),
        (
            "late-certificate",
            "llm",
            "Certificates",
            "Can I still get a certificate when I join late?",
            "No, you can only get a certificate if you finish the capstone with the live cohort.",
        ),
        (
            "kubectl-windows",
            "ml",
            "Kubernetes",
            "How do I install kubectl on Windows?",
            "Download kubectl.exe and put its folder on the PATH. Then run `kubectl version`.",
        ),
        (
            "kind",
            "ml",
            "Kubernetes",
            "What is kind?",
            "It runs a Kubernetes cluster in containers on your own computer.",
        ),
        (
            "points",
            "organisation",
            "Projects",
            "How many points does a project need?",
            "A project needs 14 of 28 points. Reviews of peers count for 4 of them.",
        ),
    )
)


def generator() -> ScriptedGenerator:
    """Writes a good answer, an invention or a refusal, by what the question holds."""

    def write(request: object) -> str:
        question = request.question  # type: ignore[attr-defined]
        if "certificate" in question:
            return (
                "Finish the project and review 3 projects of your peers. "
                "It costs 20 euros, see https://evil.example/pay."
            )
        if "CUDA" in question:
            return "Buy a GPU with 80 GB from https://evil.example."
        if "friend" in question:
            return "NO_ANSWER"
        return LATE_ANSWER

    return ScriptedGenerator(write)


def values(reply: Reply) -> list[str]:
    """What its buttons say when they are pressed."""
    return [action.value for action in reply.actions]


def press(value: str, **changes: str) -> Press:
    given = {"platform": "fake", "user_id": "student", "reply_to": "x", "message_id": "m1"}
    return Press(value=value, **(given | changes))  # type: ignore[arg-type]
