"""When a customer asks for a person, and what that person should be told."""

import re
from collections.abc import Sequence

from kb.search import Hit
from worker.answering.question import Question

_PERSON = r"(?:human|person|people|agent|representative|rep|operator|advis[eo]r|someone real|staff|colleague)"
_ASKS = re.compile(
    r"\b(?:talk|speak|chat|connect|transfer|put|get|escalate|hand|pass|want|need|like|give)\b[^.?!\n]{0,40}"
    rf"\b(?:a |an |the |your |some )?(?:real |live |actual |human )?{_PERSON}\b"
    r"|^\W*(?:human|agent|representative|operator)\W*(?:please)?\W*$",
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
