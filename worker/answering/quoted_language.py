"""Tell a customer that the passages that are quoted are in another language than the message."""

from kb.languages import language_of, other_language_of
from worker.answering import customer_language
from worker.answering.question import Question
from worker.translations import translate


def differs(question: Question, quotes: str) -> bool:
    """Whether a message is clearly in another language than quotes; in doubt it is not."""
    written = language_of(quotes)
    return written is not None and other_language_of(question.content, (written,)) is not None


def opening(question: Question) -> str:
    """Return the sentence that stands before such quotes, in the customer's language."""
    language = customer_language.of(question)
    return translate("Our articles on this are in another language. I quote them as they are:", language) + "\n\n"
