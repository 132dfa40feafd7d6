"""The form that a desk's voice gives an answer on each channel: author, greeting, signature, style of citations."""

from dataclasses import replace

from worker.answering.question import Question
from worker.conversations.outcomes import Answer
from worker.states import ReplyKind, Role
from worker.voice.rendering import filled, greets


def in_form(question: Question, answer: Answer) -> Answer:
    """Return an answer with the greeting, the signature and the style of citations of its channel."""
    voice, form = question.voice, question.voice.form(question.channel)
    is_first = not any(turn.role == Role.ASSISTANT for turn in question.turns)
    greeting = form.greeting if greets(form, first=is_first) and answer.kind != ReplyKind.COURTESY else None
    customer = question.facts.get("name")
    return replace(
        answer,
        author=voice.name,
        greeting=filled(greeting, customer=customer, assistant=voice.name),
        signature=filled(form.signature, customer=customer, assistant=voice.name),
        citation_style=form.citations,
    )
