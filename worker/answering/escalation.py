"""Decide whether a message is handed off to a human at once, how urgently, and summarise it for them.

It uses patterns (`escalation_patterns`), not a model: they are fast, can be read, and can be corrected. A match that is
denied, hypothetical or a general question does not count.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kb import sentences
from kb.search import Hit
from worker.answering.escalation_patterns import ASKS_FOR_HUMAN, FAILED_BEFORE, HARMLESS, PERSON, REPORTS, compiled
from worker.answering.question import Question
from worker.conversations.sessions import Turn
from worker.states import Priority, Role


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """The reason to hand off: `category` is one of CATEGORIES or `rule:` and a name, `reasons` quote the message."""

    category: str
    priority: Priority
    reasons: tuple[str, ...]


#: The description of each category in the summary of a handoff, most urgent first.
CATEGORIES = {
    "self_harm": "The customer may be in danger of harming themselves.",
    "safety": "The customer reports danger or injury.",
    "account_compromise": "Somebody else may be using the customer's account or money.",
    "legal": "The customer speaks of legal steps or an authority.",
    "asked_for_person": "The customer asks for a person.",
    "repeated_failure": "Earlier answers did not help the customer.",
    "anger": "The customer is very angry.",
}
_PRIORITIES = {
    "self_harm": Priority.URGENT,
    "safety": Priority.URGENT,
    "account_compromise": Priority.HIGH,
    "legal": Priority.HIGH,
    "anger": Priority.HIGH,
}


def assess(text: str, turns: Sequence[Turn] = ()) -> Alarm | None:
    """Return the most urgent reason to hand a message off at once, or None; `turns` are those before it."""
    text = text.replace("’", "'").replace("‘", "'")
    found: dict[str, list[str]] = {}
    for clause in _clauses(text):
        for category, reports in _REPORTS.items():
            for match in reports.finditer(clause):
                if not _is_discounted(category, clause, match):
                    found.setdefault(category, []).append(match.group().strip())
        if (asked := _asks_in(clause)) is not None:
            found.setdefault("asked_for_person", []).append(asked)
    if (angry := _anger(text)) is not None:
        found["anger"] = angry
    if (failed := _failed_before(text, turns)) is not None:
        found["repeated_failure"] = [failed]
    for category in CATEGORIES:
        if category in found:
            reasons = tuple(dict.fromkeys(found[category]))[:5]
            return Alarm(category=category, priority=_PRIORITIES.get(category, Priority.NORMAL), reasons=reasons)
    return None


def _clauses(text: str) -> list[str]:
    """Return a text in pieces; a denial counts only within its own."""
    pieces = re.split(
        r"[.!?;\n]+|,\s*(?=(?:but|just|so|i|please|can|could|instead|only|give|get|let|put|connect|transfer)\b)"
        r"|\bbut\b",
        text,
        flags=re.I,
    )
    return [piece.strip() for piece in pieces if piece.strip()]


# -- requests for a human ----------------------------------------------------------------------------------------------

_ASKS = compiled(ASKS_FOR_HUMAN)
_DENIES = re.compile(
    r"\b(?:no need|needn't|don'?t|do not|didn'?t|did not|doesn't|not|won't|never|without|rather than"
    r"|rather not|instead of"
    r"|avoid|nobody|kein\w*|nicht|pas|sin)\b",
    re.I,
)
_NOT_NEEDED = re.compile(rf"\b{PERSON}\b[^.?!\n]{{0,30}}\b(?:not (?:needed|necessary|required)|isn't needed)\b", re.I)
_CANNOT = re.compile(r"\b(?:why|can't|cannot|can not|couldn't|could not|unable to|no ?one|when will)\b", re.I)
_OF_THE_BUSINESS = re.compile(
    r"\b(?:delivery|another|other|third|second|contact|authori[sz]ed|per|travel|estate|real estate"
    r"|insurance|sales|booking"
    r"|tour|user|shipping|customs|cleaning)[ -](?:person|agents?|manager|people|operators?|representatives?)\b"
    r"|\b(?:agent|operator|manager|advis[eo]r|representative) (?:seats?|licen[cs]es?|accounts?|roles?|portal|plans?"
    r"|fees?|discounts?|numbers?|ids?)\b"
    r"|\b(?:group|team|public) (?:chat|channel|call)\b"
    r"|\b(?:password|account|task|file|download) manager\b|\bin person\b|\bpersonal\b",
    re.I,
)
_ASKS_HOW = re.compile(r"\b(?:how (?:many|much|old)|does|did|was|were|which|whose)\b", re.I)


def _asks_in(clause: str) -> str | None:
    match = _ASKS.search(clause)
    if match is None or _OF_THE_BUSINESS.search(clause) or _NOT_NEEDED.search(clause):
        return None
    denied = _DENIES.search(clause[: match.end()])
    if denied is not None and not _CANNOT.search(clause):
        return None
    # "did the agent get my mail", "does your manager speak to staff": about a human, not a request for one
    if _ASKS_HOW.match(clause) and not re.search(r"\bme\b|\bI\b", match.group(), re.I):
        return None
    return match.group().strip()


# -- reports of danger -------------------------------------------------------------------------------------------------

_REPORTS = {category: compiled(patterns) for category, patterns in REPORTS.items()}
_HARMLESS = {category: compiled(patterns) for category, patterns in HARMLESS.items()}
_SUBJECT = r"\b(?:i|you|we|it|they|he|she)\b"
_NO_SUBJECT = rf"(?!{_SUBJECT})"
_SUPPOSED = re.compile(
    # "if it burns": supposed; "if I touch it I get a shock": it does
    rf"\b(?:if|in case|whether)\b(?:{_NO_SUBJECT}.)*(?:{_SUBJECT}(?:{_NO_SUBJECT}.)*)?$"
    r"|\bwhat (?:should|do|can|happens|would)\b[^.!?]*\b(?:if|when|in case)\b[^.!?]*$"
    r"|\b(?:prevent\w*|avoid\w*|protect\w*|against|policy|policies|possible that|ever)\b[^.!?]*$",
    re.I,
)
_ASKED_HOW = re.compile(r"\bhow (?:to|(?:do|can|does|would|should) (?:i|you|we|one))\b[^.!?]*$", re.I)
_NOT = re.compile(
    r"\b(?:not|no|never|n't|without|isn't|wasn't|aren't|weren't|don't|didn't|haven't|hasn't)\b"
    rf"(?:{_NO_SUBJECT}[^,.!?]){{0,25}}$",
    re.I,
)


def _is_discounted(category: str, clause: str, match: re.Match[str]) -> bool:
    """Whether a match is denied, hypothetical, or part of a harmless phrase."""
    for harmless in _HARMLESS[category].finditer(clause):
        if harmless.start() < match.end() and match.start() < harmless.end():
            return True
    if category == "self_harm":  # a false alarm is better than a missed one
        return False
    before = clause[: match.start()]
    asked = category != "account_compromise" and _ASKED_HOW.search(before)
    return bool(_NOT.search(before) or _SUPPOSED.search(before) or asked)


# -- anger and repeated failure ----------------------------------------------------------------------------------------

_CURSES = re.compile(
    r"\b(?:fuck\w*|f\*+\w*|shit\w*|bullshit|bastards?|assholes?|arseholes?|idiots?|morons?|cunts?"
    r"|wtf|scumbags?|screw you|go to hell"
    r"|scammers|(?:a|total|complete|such a|you) scam(?! \w)|thieves|liars?|crooks?)\b",
    re.I,
)
_AT_YOU = re.compile(
    r"\bfuck (?:this|you|off|u|your|all of)\b|\b(?:screw you|go to hell)\b"
    r"|\byou(?:'re| are|r)? (?:\w+ ){0,2}(?:idiots?|morons?|thieves|scammers|liars?|crooks?|bastards?|assholes?)\b",
    re.I,
)
_OUTRAGE = re.compile(
    r"\b(?:furious|outrageous|outraged|disgust(?:ed|ing)|appall(?:ed|ing)|unacceptable|ridiculous"
    r"|pathetic|disgrace(?:ful)?|livid|fuming"
    r"|worst (?:\w+ )?(?:service|company|experience|support|shop|store|app)|sick (?:and tired )?of"
    r"|fed up|had enough|incompetent|horrible service"
    r"|terrible service|joke of a|absolute joke|complete joke|rip-?off|never (?:buy|order|use"
    r"|shop)\w* (?:\w+ ){0,3}again|hate (?:you|this company))\b",
    re.I,
)
_WEIGHTY = re.compile(
    r"\b(?:third|fourth|fifth|\d+(?:st|nd|rd|th)) time\b|\bfor (?:weeks|months)\b|\bonce again\b", re.I
)
_FAILED = compiled(FAILED_BEFORE)
_MIN_ANGER = 3


def _anger(text: str) -> list[str] | None:
    """Return the words of strong anger: two of outrage or cursing, or one with shouting; else None."""
    curses, outrages = _CURSES.findall(text), _OUTRAGE.findall(text)
    words = re.findall(r"[A-Za-z]{3,}", text)
    shouts = sum(word.isupper() for word in words)
    loud = len(words) >= 4 and shouts >= 0.6 * len(words)
    score = (
        _MIN_ANGER * bool(_AT_YOU.search(text))
        + 2 * len(curses)
        + 2 * len(outrages)
        + 2 * loud
        + ("!!" in text)
        + bool(_WEIGHTY.search(text))
    )
    return [*curses, *outrages][:5] if score >= _MIN_ANGER and (curses or outrages) else None


#: A message with more content words than this, none of them from the turns before, is a new question.
_MAX_COMPLAINT_WORDS = 3


def _failed_before(text: str, turns: Sequence[Turn]) -> str | None:
    """Return the words of a complaint that answers did not help, after two answers and one before it; else None."""
    match = _FAILED.search(text)
    if match is None:
        return None
    words = sentences.content(text[: match.start()] + text[match.end() :])
    earlier = sentences.content("\n".join(turn.content for turn in turns))
    if len(words) > _MAX_COMPLAINT_WORDS and not words & earlier:
        return None  # it is about something else
    answers = sum(turn.role == Role.ASSISTANT for turn in turns)
    complained = any(turn.role == Role.CUSTOMER and _FAILED.search(turn.content) for turn in turns[-6:])
    return match.group().strip() if answers >= 2 and complained else None


# -- the summary of a handoff ------------------------------------------------------------------------------------------


def summary(question: Question, why: str, hits: Sequence[Hit] = (), *, tried: Sequence[str] = ()) -> str:
    """Return a summary for the human who takes over: reason, question, earlier answers, steps tried, articles."""
    asked = " ".join(question.content.split())
    lines = [f"{why} The customer wrote: “{asked[:400]}{'…' if len(asked) > 400 else ''}”"]
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
