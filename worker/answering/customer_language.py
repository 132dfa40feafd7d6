"""The language in which the product's own texts are said to a customer."""

from collections.abc import Sequence

from kb.languages import language_of, other_language_of
from worker.answering.question import Question
from worker.states import Role
from worker.translations import ENGLISH, LANGUAGES


def of(question: Question) -> str:
    """Return the language of a message; where it says too little, that of the conversation or of the desk."""
    return _of_text(question.content, expected=before(question))


def before(question: Question) -> str:
    """Return the language of the customer's earlier messages; else the first of the desk's languages, else English."""
    desk = next((language for language in question.voice.languages if language in LANGUAGES), ENGLISH)
    earlier = "\n".join(turn.content for turn in question.turns if turn.role == Role.CUSTOMER)
    return _of_text(earlier, expected=desk)


def among(candidates: Sequence[str], question: Question) -> str:
    """Return the language of a message that may be in each of `candidates`, such as "Hallo" in German and Dutch."""
    if len(candidates) == 1:
        return candidates[0]
    expected = before(question)
    return expected if expected in candidates else candidates[0]


def _of_text(text: str, *, expected: str) -> str:
    found = language_of(text) or other_language_of(text, (expected,))
    return found if found in LANGUAGES else expected
