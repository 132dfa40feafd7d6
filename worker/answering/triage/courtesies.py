"""The replies that need no search and no model: to small talk, to acknowledgements, and about the assistant itself."""

from worker.answering import customer_language
from worker.answering.question import Question
from worker.answering.triage import about_assistant, small_talk, statements
from worker.translations import translate


def about_itself(question: Question) -> str | None:
    """Return the answer to a message that asks about the assistant and nothing else; None for any other message.

    Such a message is no request for a human: "Am I talking to a real person?".
    """
    if question.attachments or (question.subject and not question.turns):
        return None
    return about_assistant.reply_to(question.content, question.voice)


def reply_to(question: Question) -> str | None:
    """Return the reply to small talk, or to a message that only ends a conversation; None for any other message."""
    if question.attachments:
        return None
    found = small_talk.recognised(question.content)
    if found is None:
        return statements.acknowledges(question)
    reply, languages = found
    return translate(reply, customer_language.among(languages, question))
