"""Decide what becomes of a message before anything is searched for it."""

from collections.abc import Sequence
from dataclasses import replace

from worker.answering import handoffs
from worker.answering.check.support import Similarity
from worker.answering.question import Question
from worker.answering.triage import courtesies, escalation, restrictions, rules, statements
from worker.answering.triage.escalation import Alarm
from worker.answering.triage.recogniser import WorkspaceRecognise
from worker.answering.triage.rules import Rule
from worker.conversations.outcomes import Answer, Handoff
from worker.states import HandoffReason, ReplyKind


def decide(
    question: Question,
    *,
    recognise: WorkspaceRecognise,
    rules_of_desk: Sequence[Rule],
    similarity: Similarity | None,
    has_model: bool,
) -> Answer | Handoff | None:
    """Return the outcome of a message that needs no search; None for one that has to be answered.

    In this order: a message without text, such as a picture alone, what a human must see at once, the rules of the
    desk, small talk, and what the desk's voice does not let the assistant answer. With a language model (`has_model`)
    the model tells the rest by itself.
    """
    if not question.content.strip():
        return handoffs.handoff(question, HandoffReason.NO_ANSWER, "The message has no text, such as a picture alone.")
    about_itself = courtesies.about_itself(question)
    alarm = escalation.of_question(question, recognise) if about_itself is None else None
    if (alarm := alarm or rules.assess(question, rules_of_desk)) is not None:
        return at_once(question, alarm)
    if (reply := about_itself or courtesies.reply_to(question)) is not None:
        return Answer(kind=ReplyKind.COURTESY, content=reply, citations=(), support=1.0, answerer="courtesy")
    restriction = restrictions.by_words(question)
    if restriction is None and not has_model:
        restriction = restrictions.by_meaning(question, similarity)
    if restriction is not None:
        return restrictions.handoff(question, restriction)
    if not has_model and statements.gives_details(question):
        return handoffs.handoff(question, HandoffReason.NO_ANSWER, statements.DETAILS)
    return None


def at_once(question: Question, alarm: Alarm, *, tried: Sequence[str] = ()) -> Handoff:
    """Return the handoff of a message that a human must see at once; `tried` as in `handoffs.handoff`."""
    is_asked_for = alarm.category == HandoffReason.ASKED_FOR_HUMAN
    reason = HandoffReason.ASKED_FOR_HUMAN if is_asked_for else HandoffReason.RULE
    return replace(
        handoffs.handoff(question, reason, escalation.why(alarm), tried=tried),
        category=alarm.category,
        priority=alarm.priority,
        reasons=alarm.reasons,
    )
