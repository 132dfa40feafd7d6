"""When a customer asks for a person, and what that person should be told."""

import re
from collections.abc import Sequence

from kb.search import Hit
from worker.answering.question import Question

_PERSON = r"(?:human|person|people|agent|representative|rep|operator|advis[eo]r|someone real|staff|colleague)"
_HUMAN = r"(?:human(?: being)?|agent|representative|operator|advis[eo]r|(?:real|live|actual|human) person|someone real)"
_ASKS = re.compile(
    # to be put in touch: "speak with your staff", "transfer me to a person"
    r"\b(?:talk|speak|chat|connect|transfer|escalate|hand|pass|put|call)\b[^.?!\n]{0,25}\b(?:to|with|through to)\s+"
    rf"(?:a |an |the |your |one of your |some )?(?:real |live |actual |human |support )*{_PERSON}\b"
    # to have one: "get me a human", "I need a real person"
    rf"|\b(?:get|give|want|need|like|prefer|put|let me have)\b(?: me| to have)?\s+(?:a |an |some )?{_HUMAN}\b"
    rf"|\btalk {_PERSON}\b|^\W*{_HUMAN}\W*(?:please)?\W*$",
    re.I | re.M,
)
_DENIES = re.compile(
    rf"\b(?:no need|don'?t|do not|not|without|rather not|instead of|never)\b[^.?!\n]{{0,40}}\b{_PERSON}\b"
    rf"|\b{_PERSON}\b[^.?!\n]{{0,30}}\b(?:not (?:needed|necessary|required))\b",
    re.I,
)
_OF_THE_BUSINESS = re.compile(
    r"\b(?:delivery|another|other|third|second|contact|authori[sz]ed|per)\s+(?:person|agent)\b", re.I
)


def asks_for_person(text: str) -> bool:
    """Whether the customer wants to talk to a person rather than be answered here."""
    text = text.replace("’", "'")
    match = _ASKS.search(text)
    return match is not None and not _DENIES.search(text) and not _OF_THE_BUSINESS.search(match.group())


def summary(question: Question, why: str, hits: Sequence[Hit] = ()) -> str:
    """Return what saves a person the reading: why, what was asked, what was found."""
    asked = " ".join(question.content.split())
    lines = [f"{why} The customer wrote: “{asked[:400]}{'…' if len(asked) > 400 else ''}”"]
    if question.subject:
        lines.append(f"Subject: {question.subject}.")
    earlier = sum(turn.role == "customer" for turn in question.turns)
    if earlier:
        lines.append(f"Earlier messages in this conversation: {earlier}.")
    titles = list(dict.fromkeys(hit.record.title for hit in hits))[:3]
    if titles:
        lines.append("Closest articles: " + "; ".join(titles) + ".")
    return " ".join(lines)
