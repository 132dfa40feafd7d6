"""Find the parts of a message that may be questions of their own, by sentences and clauses.

English, German, French and Spanish wordings are known. What comes out are candidates: the search decides which of them
are about different subjects (`several_questions`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kb import sentences
from worker.answering.questions.rewriting import is_elliptic

_WORDS = r"""how|what|which|when|where|who|whose|why|wie|wieviel|was|welche[rsnm]?|wann|wo|wer|warum|wieso|woher|wohin
    |comment|combien|quand|où|quel(?:le)?s?|qui|pourquoi|est-ce|qu['’]est-ce
    |cómo|cuánt[oa]s?|cuándo|dónde|qué|cuál(?:es)?|quién|por\squé"""
_SUBJECTS = "i|you|we|they|he|she|it|there|the|my|your|our|this|that|these|those|an?|any|each|all"
_INVERSIONS = rf"""(?:can|could|do|does|did|is|are|was|were|will|would|may|might|should|must|have|has)\s(?:{_SUBJECTS})
    |(?:kann|können|könnte|könnten|darf|muss|gibt|ist|sind|haben|hat|habe|wird|werden|bieten|liefern|nehmen)
        \s(?:ich|man|sie|es|wir|der|die|das|ihr|er)
    |puis-je|peut-on|pouvez-vous|faut-il|avez-vous|y\sa-t-il|livrez-vous|acceptez-vous
    |(?:puedo|puede|pueden|podría|podrían|hay|tienen|hacen|aceptan|es\sposible|tengo\sque)"""
_REQUESTS = r"""(?:i|we)(?:['’]d|\swould)?\s(?:also\s|really\s)?(?:like|want|need|wish|wanted|have)\s(?:to|the|an?|new)
    |i['’]d\srather|please|tell\s(?:me|us)|let\s(?:me|us)\sknow|(?:i\s)?wonder(?:ing)?\s(?:if|whether|how)
    |asks?\s(?:if|whether|how)|we\sneed|i\sneed
    |bitte|ich\s(?:möchte|würde|hätte|brauche|will)|sagen\ssie
    |je\s(?:voudrais|veux|souhaite)|j['’]aimerais|merci\sde|veuillez|dites-moi
    |quisiera|quiero|me\sgustaría|necesito|por\sfavor|d[ií]ganme"""

_BEGINS = rf"(?:(?:{_WORDS})\b|(?:{_INVERSIONS})(?!\w))"
_LEAD = r"""(?:\W|\d{1,2}[.)]|(?:also|and|but|or|so|then|by\sthe\sway|besides|hello|hi|dear\s\w+|und|auch|et|aussi
    |y|también|secondly|first(?:ly)?|next|finally|in\saddition|ok(?:ay)?|hallo|bonjour|hola)\b)*"""
_ASKS = re.compile(rf"{_LEAD}(?:{_BEGINS})", re.I | re.X)
_REQUESTS_IN = re.compile(rf"\b(?:{_REQUESTS})(?!\w)", re.I | re.X)
_JOIN = re.compile(
    rf"""(?:\s*[,;]?\s+(?:and|und|et|y|e)\s+(?:also\s+|auch\s+|aussi\s+|también\s+)?(?=(?:{_BEGINS}|{_REQUESTS})(?!\w))
    |\s*[,;]\s+(?:also\s+)?(?={_BEGINS}(?!\w)))""",
    re.I | re.X,
)
_BLANKS = re.compile(r"[^\S\n]+")
_LISTED = re.compile(r":\s+(?=[^:?]+,[^:?]+$)")
_COMMA = re.compile(r",\s+(?:and\s+)?")
_LEADING = re.compile(r"^(?:\W*\d{1,2}[.)]\s+|[-*•]\s+)")

#: Sentences that ask for nothing by themselves, whatever their form.
_EMPTY = re.compile(
    r"""\W*(?:(?:i|we)\s(?:have|had|got)\s(?:an?|two|three|four|some|several|a\sfew|\d)\s(?:\w+\s)?(?:questions?|things)
        |how\sare\syou|(?:what\snow|what\s(?:can|should|do|must)\s(?:i|we)\s(?:do|done)(?:\s(?:now|next|about\sit))?)
        |what(?:['’]s|\sis)\s(?:going\son|up|wrong|the\smatter)|(?:can|could|would)\syou\s(?:please\s)?help(?:\s(?:me|us))?
        |was\sthat\syou|please\shelp(?:\sme)?|why\s(?:is|was)\sthat|is\sthat\s(?:so|true|ok(?:ay)?|right))\W*""",
    re.I | re.X,
)

#: Words that say that something is asked, and nothing of what.
_FILLERS = sentences.content(
    "know tell like want need wish question ask wonder help possible find get give send anything something everything "
    "nobody also wanted würde möchte bitte gern sagen können kann voudrais savoir quisiera saber puedo by way mean"
)

#: Statements before an incomplete question that are read with it.
_MAX_CONTEXT = 2

#: Content words of a statement that may report a problem.
_MIN_STATEMENT_WORDS = 2


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A part of a message that may be a question.

    Attributes:
        text: as the customer wrote it.
        query: with the statements before it where it is incomplete by itself.
        is_clear: it surely asks something, so that it must not be passed over.
        is_statement: it asks nothing, but may report a problem: "my parcel has not moved for days".
    """

    text: str
    query: str
    is_clear: bool = False
    is_statement: bool = False


def split(message: str) -> list[Candidate]:
    """Return the candidates of a message, in order; statements that a question was read with are left out."""
    found: list[Candidate] = []
    context: list[str] = []
    for clause, asks in _clauses(_BLANKS.sub(" ", message)):
        if not asks:
            context.append(clause)
            continue
        words = sentences.content(clause) - _FILLERS
        is_empty = _EMPTY.fullmatch(clause) is not None
        leans = is_empty or len(words) < 2 or is_elliptic(clause)
        if is_empty and not context:
            continue
        read = context[-_MAX_CONTEXT:] if leans else []
        found += _statements(context[: len(context) - len(read)])
        query = " ".join([*read, clause])
        if sentences.content(query):
            found.append(Candidate(text=clause, query=query, is_clear=len(words) > 1 and not is_empty))
        context.clear()
    return [*found, *_statements(context)]


def _statements(clauses: list[str]) -> list[Candidate]:
    return [
        Candidate(text=clause, query=clause, is_statement=True)
        for clause in clauses
        if len(sentences.content(clause) - _FILLERS) >= _MIN_STATEMENT_WORDS
    ]


def _clauses(message: str) -> Iterator[tuple[str, bool]]:
    """Yield the clauses of a message, and whether each asks something."""
    for start, end in sentences.split(message):
        sentence = message[start:end]
        if _asks(sentence) and (listed := _LISTED.search(sentence)) is not None:  # "I need: a label, your hours"
            yield from ((item.strip(), True) for item in _COMMA.split(sentence[listed.end() :]))
            continue
        clauses = [clause for clause in _coordinated(sentence) if any(map(str.isalpha, clause))]
        ends_asking = sentence.rstrip(" )\"'”»*").endswith(("?", "？"))
        for number, clause in enumerate(clauses, 1):
            asks = _asks(clause) or (ends_asking and number == len(clauses))
            yield _LEADING.sub("", clause).strip(" ,;"), asks


def _asks(clause: str) -> bool:
    return _ASKS.match(clause) is not None or _REQUESTS_IN.search(clause) is not None


def _coordinated(sentence: str) -> Iterator[str]:
    """Yield the coordinated questions of a sentence: "how long do I have, and which payment methods do you accept?"."""
    begin = 0
    for join in _JOIN.finditer(sentence):
        if _asks(sentence[begin : join.start()]):
            yield sentence[begin : join.start()]
            begin = join.end()
    yield sentence[begin:]
