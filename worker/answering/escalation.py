"""When a message should go to a person at once, how urgently, and what that person should be told.

Patterns, not a model: they are fast, can be read, and fail in ways that can be mended. They look for what somebody
says of themselves ("my account was hacked"), not for words ("hacked"), and skip what is denied, asked in general, or
only supposed.
`tests/data/desk/escalation.tsv` holds what they are measured on.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kb import sentences
from kb.search import Hit
from worker.answering.question import Question
from worker.conversations.sessions import Turn


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Why a person should take this: `category` is one of CATEGORIES, `reasons` quote what said so."""

    category: str
    priority: str
    reasons: tuple[str, ...]


#: What each category is called for the person who takes over, most urgent first.
CATEGORIES = {
    "self_harm": "The customer may be in danger of harming themselves.",
    "safety": "The customer reports danger or injury.",
    "account_compromise": "Somebody else may be using the customer's account or money.",
    "legal": "The customer speaks of legal steps or an authority.",
    "asked_for_person": "The customer asks for a person.",
    "repeated_failure": "Earlier answers did not help the customer.",
    "anger": "The customer is very angry.",
}
_PRIORITY = {"self_harm": "urgent", "safety": "urgent", "account_compromise": "high", "legal": "high", "anger": "high"}


def assess(text: str, turns: Sequence[Turn] = ()) -> Alarm | None:
    """Return the most urgent reason to hand a message over at once, or None. `turns` are what was said before."""
    text = text.replace("’", "'").replace("‘", "'")
    found: dict[str, list[str]] = {}
    for clause in _clauses(text):
        for category, said in _SAID.items():
            for match in said.finditer(clause):
                if not _set_aside(category, clause, match):
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
            return Alarm(category=category, priority=_PRIORITY.get(category, "normal"), reasons=reasons)
    return None


def asks_for_person(text: str) -> bool:
    """Whether the customer wants to talk to a person rather than be answered here."""
    return any(_asks_in(clause) is not None for clause in _clauses(text.replace("’", "'")))


def _clauses(text: str) -> list[str]:
    """Return a text in pieces within which a denial holds."""
    pieces = re.split(
        r"[.!?;\n]+|,\s*(?=(?:but|just|so|i|please|can|could|instead|only|give|get|let|put|connect|transfer)\b)"
        r"|\bbut\b",
        text,
        flags=re.I,
    )
    return [piece.strip() for piece in pieces if piece.strip()]


# -- who asks for a person ---------------------------------------------------------------------------------------------

_PERSON = (
    r"(?:human(?: being)?s?|person|people|agents?|representatives?|rep|operators?|advis[eo]rs?"
    r"|manager|supervisor|someone"
    r"|somebody|anyone|anybody|staff|colleague|employee|customer (?:service|support|care|assistance)|support team"
    r"|service desk|help ?desk|mensch(?:en)?|mitarbeiter(?:in)?|personne|humain|conseiller|persona|humano|agente)"
)
_HUMAN = (
    r"(?:(?:human(?: being)?|live|real|actual)(?: (?:human|person|agent|operator|being"
    r"|representative))*|agent|representative"
    r"|operator|advis[eo]r|manager|supervisor|someone real|customer (?:service|support) (?:agent"
    r"|representative|person))"
)
_KIND = (
    r"(?:(?:a|an|the|your|one of your|some|any|actual|real|live|human|free|support|service|different|senior|your own"
    r"|with) )*"
)
_ASKS = re.compile(
    # to be put in touch: "speak with your staff", "transfer me to a person", "chatting with an agent"
    r"\b(?:talk|speak|chat|connect|transfer|escalat|hand|pass|put|forward|redirect|get|reach"
    r"|communicat|assist\w* to speak)"
    r"\w*\b(?: me| us| this| it| my (?:call|chat|case|ticket|request|question|issue|problem|complaint)"
    r"| directly| over| in touch| urgently| now| please)*"
    rf" (?:to|with|through to|through with|hold of|on to) {_KIND}{_PERSON}\b(?! else)"
    # to have one: "get me a human", "I need a real person", "is there a human I can talk to"
    rf"|\b(?:get|give|want|need|like|prefer|let me have|looking for|bring|find)\b(?: me| us| to have"
    rf"| to see)? {_KIND}{_HUMAN}\b"
    rf"|\bis (?:there|this) {_KIND}{_HUMAN}\b|\bare you {_KIND}(?:human|person|robot|bot|machine)\b.{{0,20}}\bwant\b"
    rf"|\b(?:talk|speak) {_HUMAN}\b|^\W*(?:live )?{_HUMAN}\W*(?:please|now)?\W*$|\bhuman (?:help"
    rf"|support|assistance)\b"
    rf"|\b(?:rather|prefer to) (?:deal|talk|speak|chat) (?:to|with) {_KIND}{_HUMAN}\b"
    rf"|\b(?:a )?real (?:person|human)(?:,)? please\b"
    rf"|\b(?:can|could|will|would) (?:someone|somebody|anyone|anybody|a person) (?:please )?(?:call|phone|ring) me\b"
    rf"|\b{_KIND}{_PERSON} (?:should|must|has to|needs to|to|can|could|please) (?:call|phone|ring|contact) me\b"
    r"|\b(?:call|phone|ring) me back\b"
    # the same in German, French and Spanish
    r"|\bmit (?:einem|einer|jemandem|dem|der)\b.{0,30}\b(?:menschen?|mitarbeiter\w*|person"
    r"|kundenservice|kundendienst)\b"
    r"|\b(?:parler|discuter|échanger)\b.{0,20}\b(?:humain|conseiller\w*|personne|agent|quelqu'un)\b"
    r"|\bhablar con\b.{0,25}\b(?:persona|humano|agente|alguien|operador\w*|representante)\b",
    re.I,
)
_DENIES = re.compile(
    r"\b(?:no need|needn't|don'?t|do not|didn'?t|did not|doesn't|not|won't|never|without|rather than"
    r"|rather not|instead of"
    r"|avoid|nobody|kein\w*|nicht|pas|sin)\b",
    re.I,
)
_NOT_NEEDED = re.compile(rf"\b{_PERSON}\b[^.?!\n]{{0,30}}\b(?:not (?:needed|necessary|required)|isn't needed)\b", re.I)
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
    # "did the agent get my mail", "does your manager speak to staff": told, not asked for
    if _ASKS_HOW.match(clause) and not re.search(r"\bme\b|\bI\b", match.group(), re.I):
        return None
    return match.group().strip()


# -- what is said ------------------------------------------------------------------------------------------------------

_MINE = r"(?:my|our)"
_KEPT = (
    r"(?:account|card|credit|bank|profile|e-?mail|password|phone|name|identity|details|log-?in|money|paypal|wallet|points"
    r"|subscription|behalf|pin|address)"
)
_SAID = {
    "self_harm": re.compile(
        r"\b(?:kill(?:ing)?|hurt(?:ing)?|harm(?:ing)?|cut(?:ting)?) my ?self\b|\bsuicid\w+\b"
        r"|\bend(?:ing)? (?:my (?:own )?life|it all|it tonight)\b"
        r"|\b(?:can't|cannot|can not) go on living\b"
        r"|\bself[- ]?harm\w*\b|\b(?:want|wish|ready|going) to die\b|\b(?:don't|do not) want to (?:live|be alive)\b"
        r"(?! (?:in|at|on|near|abroad|without)\b| with (?:my|a|the|your)\b)"
        r"|\bno (?:reason|point) (?:to|in) liv(?:e|ing)\b|\btake my own life\b|\bbetter off (?:dead|without me)\b",
        re.I,
    ),
    "safety": re.compile(
        r"\b(?:caught|catch(?:es|ing)?|on|started a) fire\b|\bburst into flames\b|\b(?:exploded|blew up"
        r"|electrocuted)\b"
        r"|\b(?:electric(?:al)?) shock\b|\bgot (?:a )?shock(?:ed)? (?:from|when|by)\b"
        r"|\bsmok(?:e|ing) (?:is |was |started )?(?:coming|pour\w*|com\w*) (?:out|from)\b|\b(?:started"
        r"|began|is|was) (?:to )?smok(?:e|ing)\b"
        r"|\b(?:is|was|are|were|started|keeps|began|began to|starts) spark(?:ing|ed)?\b"
        r"|\bsparks? (?:came|come|coming|flew|fly|flying|out)\b"
        r"|\bgas leak\b|\bsmell\w* (?:of )?(?:gas|burning|burnt)\b|\bburn(?:ed|t|s)? (?:my|his|her|our"
        r"|me|the (?:baby|child|skin))\b"
        r"|\b(?:allergic|anaphylactic) (?:reaction|shock)\b|\b(?:injur(?:ed|y|ies)|wounded|bleeding"
        r"|poisoned|hospitali[sz]ed|choked|choking)\b"
        r"|\bin (?:the )?hospital\b|\b(?:burn(?:ed|t)|melted) (?:a )?(?:hole|through)\b"
        r"|\b(?:set|caught|went) (?:\w+ ){0,3}alight\b|\b(?:there is|there's|i see|i smell|we smell|smell of) smoke\b"
        r"|\bsmoke (?:in|from|out of) (?:my|our|the|your)\b"
        r"|\bbattery\b[^.!?]{0,20}\b(?:swell(?:s|ing|ed)?|swollen|bulging|hissing|leaking)\b|\bneeds? stitches\b"
        r"|\bcut (?:my|his|her|our) (?:hand|finger|arm|face|foot|leg)\w* (?:\w+ )?(?:badly|deep|open)"
        r"|\b(?:taken|went|rushed|had to go) to (?:the )?(?:hospital|emergency|er|a&e)\b"
        r"|\bswallowed (?:a|the|some|part|one)\b"
        r"|\b(?:overheat\w*|melt(?:ed|ing|s)?)\b.{0,40}\b(?:fire|danger\w*|burn\w*|hand"
        r"|hot to touch)\b|\bdangerous(?:ly)? hot\b",
        re.I,
    ),
    "account_compromise": re.compile(
        rf"\b{_MINE} (?:(?!not\b)\w+ ){{0,3}}(?:has been|have been|was|were|got|been|is|has got"
        rf"|is being) (?:(?!not\b)\w+ )?(?:hacked|hijacked|compromised"
        r"|stolen|breached|taken over|used (?:fraudulently|without)|accessed by)\b"
        r"|\b(?:i|we)(?:'ve| have|'m| am| was| were| got)? (?:been )?(?:hacked|phished|scammed|defrauded)\b"
        r"|\b(?:someone|somebody|some one|a stranger|a hacker|hackers|another person|a thief"
        r"|they)(?: else)?(?: has| have|'s| is| had)?"
        rf" (?:\w+ )?(?:hacked|got into|broken? into|logged in(?:to)?|log(?:ged|ging)? on|access(?:ed"
        rf"|ing)|us(?:ed|ing)|chang(?:ed|ing)|stole|ordered|order(?:ing)?"
        rf"|bought|buying|spent|spending"
        rf"|made (?:\w+ ){{0,3}}(?:purchase|order|payment|transaction|charge|withdrawal)s?)\b"
        rf".{{0,40}}\b{_MINE} (?:\w+ ){{0,2}}{_KEPT}\b"
        r"|\b(?:log-?ins?|sign-?ins?|devices?|transactions?|charges?|purchases?|orders?|payments?)\b.{0,25}"
        r"\b(?:i|we) (?:don't|do not|didn't|did not|can't) recogni[sz]e\b"
        r"|\b(?:un-?authori[sz]ed|fraudulent|suspicious|unknown) (?:\w+ )?(?:charges?|transactions?"
        r"|purchases?|payments?|orders?|log-?ins?|"
        r"sign-?ins?|access|activity|withdrawals?)\b"
        r"|\b(?:charges?|transactions?|purchases?|payments?|orders?|log-?ins?"
        r"|withdrawals?)\b.{0,30}\b(?:i|we) (?:didn't|did not|never|haven't) "
        r"(?:make|made|place|placed|authori[sz]e|authori[sz]ed|recogni[sz]e|order|do|done|made)\b"
        r"|\b(?:i|we) (?:don't|do not|didn't|did not|can't) recogni[sz]e (?:this|that|these|those|the|a|any|some)"
        r" (?:\w+ )?(?:log-?ins?|sign-?ins?|devices?|transactions?|charges?|purchases?|orders?|payments?)\b"
        rf"|\b{_MINE} (?:\w+ )?account (?:has been|have been|was|got|is being) broken into\b"
        r"|\b(?:charges?|payments?|transactions?|orders?|purchases?)\b[^.!?]{0,20} (?:that |which )?"
        r"(?:isn't|aren't|is not|are not|wasn't|weren't) (?:mine|ours|me|from me)\b"
        r"|\b(?:block|freeze|lock|stop) (?:my|our) (?:\w+ )?(?:card|account)\b[^.!?]{0,20}\b(?:immediately|now|at once"
        r"|urgently|asap)\b"
        rf"|\b(?:someone|somebody|a stranger)\b[^.!?]{{0,25}}\b(?:just )?(?:logged|signed) in(?:to)? {_MINE} account\b"
        r"|\b(?:i|we) (?:didn't|did not|never) (?:make|made|place|placed|authori[sz]ed?) (?:this|that"
        r"|these|those|the|any of) "
        r"(?:\w+ )?(?:orders?|purchases?|payments?|transactions?|charges?)\b|\bidentity theft\b"
        r"|\bstolen (?:credit |debit )?card\b"
        rf"|\b{_MINE} (?:password|e-?mail(?: address)?|phone number) (?:was|has been"
        rf"|got) changed\b.{{0,40}}\b(?:not|wasn't|didn't|without)\b",
        re.I,
    ),
    "legal": re.compile(
        r"\b(?:my|our|a|the) (?:lawyers?|attorneys?|solicitors?|legal (?:team|counsel|representative))\b"
        r"|\b(?:lawsuit|legal action|legal steps"
        r"|legal proceedings|class action|cease and desist|subpoena|court order|small claims)\b|\bsu(?:e"
        r"|ing) (?:you|your|the company|them|for)\b"
        r"|\b(?:see|meet) you in court\b|\b(?:take|taking|bring|go|going|off) (?:you |this "
        r"|it )?(?:all )?to (?:court|the authorities|the police|tribunal)\b"
        r"|\b(?:ombudsman|trading standards|better business bureau|\bftc\b|consumer (?:protection"
        r"|affairs|rights (?:agency|office))|data protection"
        r" (?:authority|commissioner)|attorney general)\b|\breport(?:ing)? (?:you|your company) to\b"
        r"|\breport(?:ing)? this to (?:the )?(?:police|authorit\w+|ombudsman|ftc|bbb|regulator|trading)\b"
        r"|\b(?:press|pressing) charges\b|\bfil(?:e|ing) charges against\b|\bi(?:'ll| will) sue\b"
        r"|\bbreach of contract\b|\bfiled? a (?:police report|complaint with)\b",
        re.I,
    ),
}
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
_HARMLESS = {
    "self_harm": re.compile(
        r"\bsuicid\w+ (?:prevention|squad|songs?|film|movie|book|policy)\b"
        r"|\b(?:songs?|films?|movies?|books?|guide) (?:about|on|against) suicid\w+",
        re.I,
    ),
    "safety": re.compile(
        r"\bfire (?:tv|stick|tablet|hd|sale|pit|place|wall)\b|\bon fire (?:sale|deal)|\bburn (?:a "
        r"|the )?(?:cds?|dvds?|disc)\b"
        r"|\bshock (?:absorb\w*|resist\w*|proof)\b|\b(?:smoke|fire)[- ](?:free|alarm|detector)\b|\bno injur\w+\b",
        re.I,
    ),
    "account_compromise": re.compile(
        r"\b(?:life|growth) hack"
        r"|\b(?:package|parcel|bike|bicycle|order|case|bag|wallet|car) (?:was|got|has been) stolen\b"
        r"|\b(?:see|find|view|show)\b[^.!?]{0,20}\b(?:suspicious|unknown) activity\b",
        re.I,
    ),
    "legal": re.compile(
        r"\b(?:our|my) legal (?:team|department|counsel) (?:needs?|wants?|asks?|requires?|has to (?:have|sign))\b"
        r"|\bthe lawyers? (?:plan|version|edition|template|licen[cs]e)\b"
        r"|\b(?:i am|i'm) (?:a|an) (?:lawyer|attorney|solicitor)\b|\bfor (?:a|my|our) (?:lawyer"
        r"|attorney|solicitor)s?\b",
        re.I,
    ),
}


def _set_aside(category: str, clause: str, match: re.Match[str]) -> bool:
    """Whether what matched is denied, supposed, or about something harmless."""
    for harmless in _HARMLESS[category].finditer(clause):
        if harmless.start() < match.end() and match.start() < harmless.end():
            return True
    if category == "self_harm":  # better asked once too often
        return False
    before = clause[: match.start()]
    asked = category != "account_compromise" and _ASKED_HOW.search(before)
    return bool(_NOT.search(before) or _SUPPOSED.search(before) or asked)


# -- how it is said ----------------------------------------------------------------------------------------------------

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
_ANGRY = 3


def _anger(text: str) -> list[str] | None:
    """Return what shows strong anger: two outrages or curses together, or one with shouting."""
    curses, outrages = _CURSES.findall(text), _OUTRAGE.findall(text)
    words = re.findall(r"[A-Za-z]{3,}", text)
    shouts = sum(word.isupper() for word in words)
    loud = len(words) >= 4 and shouts >= 0.6 * len(words)
    score = (
        _ANGRY * bool(_AT_YOU.search(text))
        + 2 * len(curses)
        + 2 * len(outrages)
        + 2 * loud
        + ("!!" in text)
        + bool(_WEIGHTY.search(text))
    )
    return [*curses, *outrages][:5] if score >= _ANGRY and (curses or outrages) else None


_FAILED = re.compile(
    r"\bstill (?:does(?:n't| not)|is(?:n't| not)|not|can(?:'t|not)|won't|no|broken|failing"
    r"|have the same|the same)\b|\b(?:did(?:n't| not)|does(?:n't| not)"
    r"|is(?:n't| not)) (?:\w+ )?(?:help|work|answer|solve|fix|true|right)\w*\b|\balready (?:tried"
    r"|did|done|said|told|told you|explained|asked)\b"
    r"|\b(?:asked|told|tried|wrote|said) (?:\w+ )?(?:this |that |it |you )?(?:\w+ )?(?:twice|(?:two"
    r"|three|four|five|several|many|\d+) times|again and again)\b"
    r"|\bsame (?:answer|reply|response|thing) (?:again|as before|every)\b|\b(?:not|isn't"
    r"|wasn't) (?:what i (?:asked|meant)|helpful|an answer|answering)\b"
    r"|\buseless\b|\byou (?:keep|are) repeating\b|\bdoes(?:n't| not) answer\b",
    re.I,
)


#: A message with more content words than this, of which none was said before, is a new question.
_NEW_QUESTION = 3


def _failed_before(text: str, turns: Sequence[Turn]) -> str | None:
    """Return what says that it did not help, when answers were given before: twice, or once and said before too."""
    match = _FAILED.search(text)
    if match is None:
        return None
    said = sentences.content(text[: match.start()] + text[match.end() :])
    earlier = sentences.content("\n".join(turn.content for turn in turns))
    if len(said) > _NEW_QUESTION and not said & earlier:
        return None  # it is about something else
    answers = sum(turn.role == "assistant" for turn in turns)
    complained = any(turn.role == "customer" and _FAILED.search(turn.content) for turn in turns[-6:])
    return match.group().strip() if answers >= 2 and complained else None


# -- what the person is told -------------------------------------------------------------------------------------------


def summary(question: Question, why: str, hits: Sequence[Hit] = (), *, tried: Sequence[str] = ()) -> str:
    """Return what saves a person the reading: why, what was asked, what was tried, what was found."""
    asked = " ".join(question.content.split())
    lines = [f"{why} The customer wrote: “{asked[:400]}{'…' if len(asked) > 400 else ''}”"]
    if question.subject:
        lines.append(f"Subject: {question.subject}.")
    earlier = sum(turn.role == "customer" for turn in question.turns)
    if earlier:
        lines.append(f"Earlier messages in this conversation: {earlier}.")
        answers = [turn.content for turn in question.turns if turn.role == "assistant"]
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
