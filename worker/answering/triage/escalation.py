"""Decide whether a message is handed off to a human at once, and how urgently.

Two sources count together: labelled examples (`recogniser`), which a desk can add to, and patterns for what examples do
not tell (`escalation_patterns`). A match that is denied, hypothetical or a general question does not count,
and neither does one in a message that is clearly nearer to harmless examples.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from kb import sentences
from worker.answering.question import Question
from worker.answering.triage.escalation_patterns import (
    ASKS_FOR_HUMAN,
    FAILED_BEFORE,
    HARMLESS,
    PERSON,
    REPORTS,
    compiled,
)
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


_PRIORITIES = {
    "self_harm": Priority.URGENT,
    "safety": Priority.URGENT,
    "account_compromise": Priority.HIGH,
    "legal": Priority.HIGH,
    "anger": Priority.HIGH,
}


def of_question(question: Question, recognise: WorkspaceRecognise) -> Alarm | None:
    """Return the most urgent reason to hand a question off at once, or None."""
    return assess(question.with_subject, question.turns, partial(recognise, question.workspace_id))


def assess(text: str, turns: Sequence[Turn] = (), recognise: Recognise = lambda _text: NOTHING) -> Alarm | None:
    """Return the most urgent reason to hand a message off at once, or None; `turns` are those before it."""
    text = text.replace("’", "'").replace("‘", "'")
    recognised = recognise(text)
    found, discounted = _matched(text)
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
            priority=own or _PRIORITIES.get(category, Priority.NORMAL),
            reasons=tuple(dict.fromkeys(found[category]))[:5],
        )
    return None


def alarm_of(category: str) -> Alarm:
    """Return the alarm of a category that ships, as a language model sees it in a message."""
    return Alarm(category=category, priority=_PRIORITIES.get(category, Priority.NORMAL), reasons=())


def why(alarm: Alarm) -> str:
    """Return the sentence that tells an agent why a message was handed off."""
    kind, _, name = alarm.category.partition(":")
    if kind == "rule":
        return f"The rule “{name}” says that a human answers."
    return f"The message belongs to the desk's category “{name}”." if kind == "desk" else CATEGORIES[kind]


def _urgency(category: str, recognised: Recognition) -> tuple[int, int]:
    """Return the order in which categories count: danger first, then by priority."""
    built_in = list(CATEGORIES)
    priority = recognised.priorities.get(category) or _PRIORITIES.get(category, Priority.NORMAL)
    position = built_in.index(category) if category in built_in else len(built_in)
    return [Priority.URGENT, Priority.HIGH, Priority.NORMAL].index(priority), position


def _matched(text: str) -> tuple[dict[str, list[str]], set[str]]:
    """Return the words that patterns match, by category, and the categories of which all matches are discounted."""
    found: dict[str, list[str]] = {}
    discounted: set[str] = set()
    for clause in _clauses(text):
        for category, reports in _REPORTS.items():
            for match in reports.finditer(clause):
                if _is_discounted(category, clause, match):
                    discounted.add(category)
                else:
                    found.setdefault(category, []).append(match.group().strip())
        if _HARMLESS["asked_for_person"].search(clause):  # it asks for the opening hours
            discounted.add("asked_for_person")
        elif (asked := _ASKS.search(clause)) is not None:
            if _is_request(clause, asked):
                found.setdefault("asked_for_person", []).append(asked.group().strip())
            else:
                discounted.add("asked_for_person")
    if (angry := _anger(text)) is not None:
        found["anger"] = angry
    return found, discounted - found.keys()


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


def _is_request(clause: str, match: re.Match[str]) -> bool:
    """Whether words about a human are a request for one."""
    if _OF_THE_BUSINESS.search(clause) or _NOT_NEEDED.search(clause):
        return False
    if _DENIES.search(clause[: match.end()]) is not None and not _CANNOT.search(clause):
        return False
    # "did the agent get my mail", "does your manager speak to staff": about a human, not a request for one
    return not _ASKS_HOW.match(clause) or re.search(r"\bme\b|\bI\b", match.group(), re.I) is not None


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
