"""Compare what quantities are said of, where that is sure: the bound that they are, and the row of a table.

"At most 12 €" does not follow from "at least 12 €", nor the time of one row of a table from that of another. Everything
else that a quantity may be said of is the part of the support model.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from text_to_num import alpha2digit

from kb import sentences
from worker.answering.check import quantities
from worker.answering.check.quantities import Quantity
from worker.answering.check.quantity_check import agree

_WORD = r"\W+(?:\w+\W+)?"
_LOWER = re.compile(rf"\b(?:at least|(?:no|not) (?:less|fewer) than|a minimum of|minimum){_WORD}$", re.I)
_UPPER = re.compile(
    rf"\b(?:at most|up to|(?:no|not) (?:more|longer) than|a maximum of|maximum|not exceed(?:ing)?){_WORD}$", re.I
)
_LOWER_AFTER = re.compile(r"\W*(?:\w+\W+)?(?:(?:or|and) (?:more|longer|older)|at least|minimum)\b", re.I)
_UPPER_AFTER = re.compile(r"\W*(?:\w+\W+)?(?:or (?:less|fewer|younger)|at most|maximum|max|tops)\b", re.I)
_STOP = re.compile(r"[.;!?]\s")

#: A range in days before an event is a bound from the other side: "up to three days before" is "at least three days".
_AHEAD = re.compile(r"\W*(?:\w+\W+){0,3}(?:before|ahead|prior|in advance)\b", re.I)

#: How many characters beside a quantity tell whether it is a bound.
_BEFORE, _AFTER = 40, 40

#: What holds of one clause need not hold of the next.
_CLAUSE = re.compile(r"[;,:]\s+|(?<!\d)\s+(?:and|but|while|whereas|or|so|because|since)\s+", re.I)
_FEW_WORDS = 3
_OF_QUANTITIES = frozenset(quantities.SPELLINGS) | frozenset("working business calendar within per".split())

#: Two clauses say the same of their quantities when this share of the content words of both is in both. Of the written
#: sentences of training/support, true ones are refused 20 times in 10,633, and faulty ones 219 times in 14,938.
MIN_LIKE = 0.6

_LOWER_BOUND, _UPPER_BOUND, _NO_BOUND = 1, -1, 0
_RULER = re.compile(r"[-: ]*")


def other_bound(claim: str, sources: str) -> str | None:
    """Return the first quantity that a claim has as the lower bound and its sources only as the upper one, or so.

    None when there is none. A quantity that is a bound in one of them alone is not compared.
    """
    claim, sources = _in_digits(claim), _in_digits(sources)
    for quantity in quantities.read(claim, claimed=True):
        bounds = _bounds(claim, quantity)
        if len(bounds) != 1 or _NO_BOUND in bounds:
            continue
        known = [other for other in quantities.read(sources) if agree(quantity, other)]
        sourced = {bound for other in known for bound in _bounds(sources, other)}
        if sourced == {-bound for bound in bounds}:
            return quantity.text
    return None


def other_row(claim: str, sources: str, *, language: str = "en") -> str | None:
    """Return the first quantity that only other rows of a table have than those that a claim names; None without one.

    A table whose first column has no heading is left out: its columns may be what the claim is about.
    """
    claimed = [quantity for quantity in quantities.read(_in_digits(claim), claimed=True) if quantity.unit]
    if not claimed or "|" not in sources:
        return None
    stems = sentences.content(claim, language)
    prose = _quantities("\n".join(line for line in sources.splitlines() if "|" not in line))
    for heading, *rows in _tables(sources):
        names = [sentences.content(row[0], language) for row in rows]
        named = [index for index, name in enumerate(names) if name and name <= stems]
        named = [index for index in named if not any(names[index] < names[other] for other in named)]
        if not heading[0].strip("* ") or not named or len(named) == len(rows):
            continue
        for quantity in claimed:
            having = [index for index, row in enumerate(rows) if _has(_quantities(" | ".join(row)), quantity)]
            if having and not set(having) & set(named) and not _has(prose, quantity):
                return quantity.text
    return None


def other_value(claim: str, sources: str, *, language: str = "en") -> str | None:
    """Return the first quantity of a clause where the clause of the sources that is most like it has another value.

    None when there is none. Two clauses are alike when at least MIN_LIKE of the content words of both are in both.
    """
    if "|" in claim:
        return None
    clauses = _clauses_of(sources, language)
    for clause, wanted in _clauses(claim, language):
        claimed = quantities.read(_in_digits(clause), claimed=True)
        if len(claimed) != 1 or not claimed[0].unit or len(wanted) < _FEW_WORDS:
            continue
        likeness = [len(wanted & stems) / max(1, len(wanted | stems)) for _, stems in clauses]
        closest = max(likeness, default=0.0)
        known = [_quantities(text) for (text, _), like in zip(clauses, likeness, strict=True) if like == closest]
        if closest >= MIN_LIKE and all(_has_other_value(others, claimed[0]) for others in known):
            return claimed[0].text
    return None


def _has_other_value(known: Sequence[Quantity], quantity: Quantity) -> bool:
    """Whether there are quantities of the same kind as one, and none that agrees with it."""
    return any(kind(other) == kind(quantity) for other in known) and not _has(known, quantity)


def kind(quantity: Quantity) -> str:
    """Return the kind of a quantity: a period, money, or its unit."""
    if quantity.unit in ("second", "month", "working day"):
        return "period"
    return "money" if quantity.unit in quantities.CURRENCIES else quantity.unit


@lru_cache(maxsize=100)
def _clauses_of(text: str, language: str) -> tuple[tuple[str, frozenset[str]], ...]:
    found = sentences.split(text, language=language)
    return tuple(clause for start, end in found for clause in _clauses(text[start:end], language))


@lru_cache(maxsize=500)
def _clauses(sentence: str, language: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return a sentence and its clauses with the stems of their content words; none of the row of a table."""
    if "|" in sentence:
        return ()
    return tuple((text, _stems(text, language)) for text in dict.fromkeys((sentence, *_CLAUSE.split(sentence))))


def _stems(text: str, language: str) -> frozenset[str]:
    """Return the stems of the content words of a text, without those of its quantities."""
    words = (word for word in sentences.content_words(_in_digits(text), language) if word not in _OF_QUANTITIES)
    return frozenset(sentences.stem(word, language) for word in words if not word[0].isdigit())


def _has(known: Sequence[Quantity], quantity: Quantity) -> bool:
    return any(agree(quantity, other) for other in known)


def _bounds(text: str, quantity: Quantity) -> set[int]:
    """Return whether a quantity is a lower bound, an upper bound or neither wherever it stands in a text."""
    found = set()
    for match in re.finditer(rf"(?<!\w){re.escape(quantity.text)}", text):
        before = _STOP.split(text[max(0, match.start() - _BEFORE) : match.start()])[-1]
        after = _STOP.split(text[match.end() : match.end() + _AFTER])[0]
        if _AHEAD.match(after):
            found.add(_NO_BOUND)
        elif _LOWER.search(before) or _LOWER_AFTER.match(after):
            found.add(_LOWER_BOUND)
        elif _UPPER.search(before) or _UPPER_AFTER.match(after):
            found.add(_UPPER_BOUND)
        else:
            found.add(_NO_BOUND)
    return found


def _tables(text: str) -> Iterator[list[list[str]]]:
    """Yield the rows of each table of a text, the heading first; a table has at least two rows below it."""
    rows: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if "|" not in line:
            if len(rows) > 2:
                yield rows
            rows = []
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not all(_RULER.fullmatch(cell) for cell in cells):
            rows.append(cells)


@lru_cache(maxsize=500)
def _in_digits(text: str) -> str:
    return str(alpha2digit(text, "en", threshold=0))


def _quantities(text: str) -> tuple[Quantity, ...]:
    return quantities.read(_in_digits(text))
