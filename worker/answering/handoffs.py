"""Make the handoff of a message, with a summary for the human who takes over."""

from collections.abc import Sequence

from kb.search import Hit
from worker.answering import unanswered
from worker.answering.question import Question
from worker.conversations.outcomes import Handoff
from worker.states import HandoffReason, Role


def handoff(
    question: Question, reason: HandoffReason, why: str, hits: Sequence[Hit] = (), *, tried: Sequence[str] = ()
) -> Handoff:
    """Return a handoff whose summary also names the questions that earlier answers left open."""
    why = " ".join((why, *unanswered.left_open(question.turns)))
    return Handoff(reason=reason, summary=summary(question, why, hits, tried=tried))


def summary(question: Question, why: str, hits: Sequence[Hit] = (), *, tried: Sequence[str] = ()) -> str:
    """Return a summary for the human who takes over: reason, question, earlier answers, steps tried, articles."""
    asked = " ".join(question.content.split())
    lines = [f"{why} The customer wrote: “{asked[:400]}{'…' if len(asked) > 400 else ''}”" if asked else why]
    if question.subject:
        lines.append(f"Subject: {question.subject}.")
    earlier = sum(turn.role == Role.CUSTOMER for turn in question.turns)
    if earlier:
        lines.append(f"Earlier messages in this conversation: {earlier}.")
        answers = [turn.content for turn in question.turns if turn.role == Role.ASSISTANT]
        if answers:
            last = " ".join(answers[-1].split())
            lines.append(f"Last answer: “{last[:200]}{'…' if len(last) > 200 else ''}”")
    for file in question.attachments:
        lines.append(f"Attached: {file.name}" + (f", which could not be read: {file.problem}" if file.problem else "."))
    if tried:
        lines.append("Tried: " + "; ".join(tried) + ".")
    titles = list(dict.fromkeys(hit.record.title for hit in hits))[:3]
    if titles:
        lines.append("Closest articles: " + "; ".join(titles) + ".")
    return " ".join(lines)
