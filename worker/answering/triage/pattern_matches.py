"""The matches of the escalation patterns in a message, and the alarm that they raise by themselves.

Loads no model, so that the web process can look at what the bot does not read.
"""

import re
from collections.abc import Iterator
from typing import Any

from worker.answering.triage.escalation_patterns import ASKS_FOR_HUMAN, HARMLESS, PERSON, REPORTS, compiled
from worker.categories.category import CATEGORIES
from worker.states import HandoffReason, Priority

#: The priorities of the categories that ship, where they are not normal.
PRIORITIES = {
    "self_harm": Priority.URGENT,
    "safety": Priority.URGENT,
    "account_compromise": Priority.HIGH,
    "legal": Priority.HIGH,
    "anger": Priority.HIGH,
}

#: How much of a message an alarm is looked for in, in characters.
_MAX_ALARM_TEXT = 2_000

#: Longer clauses are looked at in pieces of this length, as the time that some patterns take grows with its square.
#: Each repeats the end of the one before, so that no report is cut.
_MAX_PIECE = 500
_REPEATED = 100


def alarm(text: str) -> dict[str, Any] | None:
    """Return the `reason`, `category`, `priority` and `reasons` of what is most urgent in a message, or None.

    Only the beginning of a long message is looked at: a customer waits for the call that takes it.
    """
    found, _ = matched(text[:_MAX_ALARM_TEXT].replace("’", "'").replace("‘", "'"))
    category = next((name for name in CATEGORIES if name in found), None)
    if category is None:
        return None
    is_asked_for = category == HandoffReason.ASKED_FOR_HUMAN
    return {
        "reason": HandoffReason.ASKED_FOR_HUMAN if is_asked_for else HandoffReason.RULE,
        "category": category,
        "priority": PRIORITIES.get(category, Priority.NORMAL),
        "reasons": list(dict.fromkeys(found[category]))[:5],
    }


def matched(text: str) -> tuple[dict[str, list[str]], set[str]]:
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
    clauses = re.split(
        r"[.!?;\n]+|,\s*(?=(?:but|just|so|i|please|can|could|instead|only|give|get|let|put|connect|transfer)\b)"
        r"|\bbut\b",
        text,
        flags=re.I,
    )
    return [piece for clause in clauses if clause.strip() for piece in _pieces(clause.strip())]


def _pieces(clause: str) -> Iterator[str]:
    """Cut a long clause between words, where it has any."""
    while len(clause) > _MAX_PIECE:
        space = clause.rfind(" ", 0, _MAX_PIECE)
        end = space if space > _MAX_PIECE // 2 else _MAX_PIECE
        yield clause[:end]
        repeated = end - _REPEATED
        clause = clause[max(clause.find(" ", repeated, end) + 1, repeated) :]
    yield clause


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


# -- anger -----------------------------------------------------------------------------------------------------------

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
