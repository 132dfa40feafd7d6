"""Decide whether a message is handed off to a human at once, and how urgently.

Two sources count together: labelled examples (`recogniser`), which a desk can add to, and patterns for what examples do
not tell (`escalation_patterns`). A match that is denied, hypothetical or a general question does not count,
and neither does one in a message that is clearly nearer to harmless examples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from kb import sentences
from worker.answering.question import Question
from worker.answering.triage import pattern_matches
from worker.answering.triage.escalation_patterns import FAILED_BEFORE, compiled
from worker.answering.triage.pattern_matches import PRIORITIES
from worker.answering.triage.recogniser import COMPLAINT, NOTHING, Recognise, Recognition, WorkspaceRecognise
from worker.categories.category import CATEGORIES
from worker.conversations.sessions import Turn
from worker.states import Priority, Role


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """The reason to hand off.

    `category` is one of CATEGORIES, or `rule:` or `desk:` and the name of a rule or a category of the desk; `reasons`
    quote the message.
    """

    category: str
    priority: Priority
    reasons: tuple[str, ...]


def of_question(question: Question, recognise: WorkspaceRecognise) -> Alarm | None:
    """Return the most urgent reason to hand a question off at once, or None."""
    return assess(question.with_subject, question.turns, partial(recognise, question.workspace_id))


def assess(text: str, turns: Sequence[Turn] = (), recognise: Recognise = lambda _text: NOTHING) -> Alarm | None:
    """Return the most urgent reason to hand a message off at once, or None; `turns` are those before it."""
    text = text.replace("’", "'").replace("‘", "'")
    recognised = recognise(text)
    found, discounted = pattern_matches.matched(text)
    found = {
        category: reasons
        for category, reasons in found.items()
        if category == "self_harm" or not recognised.is_harmless(category)
    }
    for category, quote in recognised.quotes.items():
        if category not in discounted:
            found.setdefault(category, []).append(quote)
    if (failed := _failed_before(text, turns, recognise)) is not None:
        found["repeated_failure"] = [failed]
    for category in sorted(found, key=lambda category: _urgency(category, recognised)):
        if category == COMPLAINT:  # one alone is answered
            continue
        own = recognised.priorities.get(category)
        return Alarm(
            category=category if category in CATEGORIES else f"desk:{category}",
            priority=own or PRIORITIES.get(category, Priority.NORMAL),
            reasons=tuple(dict.fromkeys(found[category]))[:5],
        )
    return None


def alarm_of(category: str) -> Alarm:
    """Return the alarm of a category that ships, as a language model sees it in a message."""
    return Alarm(category=category, priority=PRIORITIES.get(category, Priority.NORMAL), reasons=())


def why(alarm: Alarm) -> str:
    """Return the sentence that tells an agent why a message was handed off."""
    kind, _, name = alarm.category.partition(":")
    if kind == "rule":
        return f"The rule “{name}” says that a human answers."
    return f"The message belongs to the desk's category “{name}”." if kind == "desk" else CATEGORIES[kind]


def _urgency(category: str, recognised: Recognition) -> tuple[int, int]:
    """Return the order in which categories count: danger first, then by priority."""
    built_in = list(CATEGORIES)
    priority = recognised.priorities.get(category) or PRIORITIES.get(category, Priority.NORMAL)
    position = built_in.index(category) if category in built_in else len(built_in)
    return [Priority.URGENT, Priority.HIGH, Priority.NORMAL].index(priority), position


# -- repeated failure --------------------------------------------------------------------------------------------------

_FAILED = compiled(FAILED_BEFORE)

#: A message with more content words than this, none of them from the turns before, is a new question.
_MAX_COMPLAINT_WORDS = 3


def _failed_before(text: str, turns: Sequence[Turn], recognise: Recognise) -> str | None:
    """Return the words of a complaint that answers did not help, after two answers and one before it; else None."""
    if sum(turn.role == Role.ASSISTANT for turn in turns) < 2 or (complaint := _complaint(text, recognise)) is None:
        return None
    words = sentences.content(text.replace(complaint, " "))
    earlier = sentences.content("\n".join(turn.content for turn in turns))
    if len(words) > _MAX_COMPLAINT_WORDS and not words & earlier:
        return None  # it is about something else
    before = (turn.content for turn in turns[-6:] if turn.role == Role.CUSTOMER)
    return complaint if any(_complaint(said, recognise) for said in before) else None


def _complaint(text: str, recognise: Recognise) -> str | None:
    """Return the words of a message that say that an answer did not help; None where there are none."""
    if (match := _FAILED.search(text)) is not None:
        return match.group().strip()
    return recognise(text).quotes.get(COMPLAINT)
