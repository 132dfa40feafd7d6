"""Support by words in common, in the languages that there are glosses for and the support model does not read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from kb import sentences
from worker.answering.check import (
    contradiction,
    fact_check,
    quantities,
    quantity_check,
    quantity_context,
    quotes,
    yes_no,
)
from worker.answering.check.gloss import gloss, meanings
from worker.answering.check.negation import denies
from worker.answering.check.quantities import Quantity

#: A sentence is supported when this share of its content words is in one or two neighbouring sentences of a passage.
#: Chosen on the dev half of `tests/data/drafts-languages`.
MIN_SHARED = 0.65

#: A stem of this many letters that another one begins with is the same word: "livr" and "livraison"; so is a longer one
#: that another one ends with: "bewahr" and "aufbewahr".
_MIN_PREFIX = 4

#: A claim with a word of one of these needs a source with one of it.
_STRONG = tuple(map(frozenset, (("always",), ("all", "every"), ("free",))))

_TIMES = frozenset("before after until within".split())
_CUSTOMER = frozenset("recipient sie ihnen selbst vous vôtre usted lei u je você".split())
_CONDITIONS = frozenset("if when once".split())
_YOUR = frozenset(
    "ihr ihre ihren ihrem ihrer dein deine deinen votre vos ton ta tes su sus tu suo sua suoi uw je jouw seu twój"
    " twoja".split()
)

#: The items of a list, and the words of one at most.
_ITEMS = re.compile(r"[,;]\s|\s(?:and|or|nor)\s|[.!?]$", re.I)
_MAX_ITEM = 2

#: "By fax", "as a voucher".
_MEANS = re.compile(r"\b(?:per|par|por|via|als)\s+([^\W\d]{3,})", re.I)

#: What holds of one clause need not hold of the next; a negation holds of both sides of an "and".
_CLAUSES = re.compile(r"[;,:.]\s+|\s+[-–—]\s+|\s+(?:but|while|because)\s+", re.I)

_NUMBER = r"(\d+(?:[.,:]\d+)*(?: \d{3})*)"
_RANGE = re.compile(rf"{_NUMBER}(?: ?€)?\s?(?:to|until|or|and|[-–—])\s?(?:€ ?)?{_NUMBER}", re.I)


@dataclass(frozen=True, kw_only=True)
class Quote:
    """A part of a passage with the share of a sentence's content words that it has."""

    position: int
    start: int
    end: int
    shared: float


def find(text: str, passages: Sequence[tuple[int, str, str]], *, question: str = "", language: str) -> Quote | None:
    """Return the part of the passages that has most of a sentence's words and agrees with it, or None.

    Every quantity, date, link and name has to be in the passages or in the question, as `fact_check` compares them. The
    part must deny what the sentence denies, and have its "always", "all" and "free".

    Args:
        text: the sentence.
        passages: of each its position, its title with its headings, and its text.
        question: the customer's message.
        language: ISO 639-1 code of all of them.
    """
    claim, asked = gloss(yes_no.without_opening(text) or text, language), gloss(question, language)
    premise = gloss("\n".join(f"{title}.\n{passage}" for _, title, passage in passages), language)
    if (
        fact_check.disagreement(claim, premise, question=asked, language=language) is not None
        or _ranges(claim) - _ranges(premise) - _ranges(asked)
        or _is_of_another(claim, _facts(premise, language), language)
        or _has_new_item(claim, premise, asked, language)
    ):
        return None
    wanted, words = _content(claim, language), set(sentences.words(claim))
    best: tuple[float, int] = (0.0, 0)
    found: Quote | None = None
    for position, title, passage in passages:
        titled = _content(gloss(title, language), language)
        for start, end in quotes.spans(passage, language):
            quote = gloss(passage[start:end], language)
            known = _content(quote, language)
            shared = _share(wanted, known | titled) if not wanted or _share(wanted, known) else 0.0
            rank = shared, len(words & set(sentences.words(quote)))
            if shared >= MIN_SHARED and rank > best:
                best = rank
                is_borne_out = _agrees(claim, quote, language)
                found = Quote(position=position, start=start, end=end, shared=shared) if is_borne_out else None
    return found


def _agrees(claim: str, quote: str, language: str) -> bool:
    """Whether a quote denies what a claim denies and has its strong words, such as "always"; both glossed."""
    sentence = _closest(claim, [quote[start:end] for start, end in sentences.split(quote)], language)
    if not _is_as_strong(claim, sentence) or contradiction.is_turned_round(claim, sentence):
        return False
    return any(
        all(_says_the_same(clause, _closest(clause, _clauses(source, language), language)) for clause in claimed)
        for claimed, source in (
            (_main_clauses(claim, language), quote),
            (_main_clauses(contradiction.main(claim), language), contradiction.main(quote)),
        )
    )


def _says_the_same(clause: str, other: str) -> bool:
    """Whether both of two clauses deny or none does, and what the one says of the customer the other does too."""
    is_of_customer = "recipient" in sentences.words(other)
    return contradiction.denies_alike(clause, other) and (
        not is_of_customer or bool(_CUSTOMER & set(sentences.words(clause)))
    )


def _is_as_strong(claim: str, sentence: str) -> bool:
    claimed, quoted = set(sentences.words(claim)), set(sentences.words(sentence))
    if any(claimed & strong and not quoted & strong for strong in _STRONG):
        return False
    return not ("after" in claimed - quoted and "before" in quoted - claimed)


def _clauses(text: str, language: str) -> list[str]:
    """Return the clauses of a text that have a content word."""
    return [clause for clause in _CLAUSES.split(text) if _content(clause, language)]


def _main_clauses(text: str, language: str) -> list[str]:
    """Return the clauses of a text that say something by themselves: with two content words or a denial."""
    clauses = _clauses(text, language)
    return [clause for clause in clauses if len(_content(clause, language)) > 1 or denies(clause)] or clauses


def _closest(text: str, others: Sequence[str], language: str) -> str:
    """Return the one of other texts that has most words of a text."""
    wanted, words = _content(text, language), set(sentences.words(text))

    def likeness(other: str) -> tuple[float, int]:
        common = words & set(sentences.words(other))
        return _share(wanted, _content(other, language)), len(common) + 2 * len(common & _TIMES)

    return max(others, key=likeness, default="")


def _ranges(text: str) -> set[tuple[Decimal, ...]]:
    """Return the numbers of each range of a text: "3 to 5 days", "from 9:00 until 18:00"."""
    return {
        tuple(quantity.value for number in found.groups() for quantity in quantities.read(number))
        for found in _RANGE.finditer(text)
    }


def _has_new_item(claim: str, premise: str, question: str, language: str) -> bool:
    """Whether an item of a list in a claim has no word of the passages: "Visa, Klarna or PayPal"."""
    known, asked = _content(premise, language), _content(question, language)
    for item in _ITEMS.split(claim):
        words, spoken = _content(item, language), set(sentences.words(item))
        if (
            0 < len(words) <= _MAX_ITEM
            and not _share(words, known)
            and not spoken & _CONDITIONS
            and not (spoken & _YOUR and words <= asked)
            and not any(map(str.isdigit, item))
        ):
            return True
    return any(not _share(_content(found[1], language), known) for found in _MEANS.finditer(claim))


#: A clause of the passages: its stems and its quantities.
_Fact = tuple[frozenset[str], tuple[Quantity, ...]]


@lru_cache(maxsize=100)
def _facts(premise: str, language: str) -> tuple[_Fact, ...]:
    return tuple(
        (_content(clause, language), quantities.read(clause))
        for start, end in sentences.split(premise, language=language)
        for clause in _CLAUSES.split(premise[start:end])
    )


def _is_of_another(claim: str, facts: Sequence[_Fact], language: str) -> bool:
    """Whether a word of a clause stands only in clauses of the passages that have another quantity of the same kind.

    "In Austria it takes ten days" is not borne out by "In Austria it takes three days, in Norway ten".
    """
    for clause in _CLAUSES.split(claim):
        for quantity in quantities.read(clause, claimed=True):
            if not quantity.unit or not any(_has(known, quantity) for _, known in facts):
                continue
            for word in _content(clause, language):
                having = [known for stems, known in facts if word in stems]
                if having and all(_has_other(known, quantity) for known in having):
                    return True
    return False


def _has(known: Sequence[Quantity], quantity: Quantity) -> bool:
    return any(quantity_check.agree(quantity, other) for other in known)


def _has_other(known: Sequence[Quantity], quantity: Quantity) -> bool:
    kind = quantity_context.kind(quantity)
    return any(quantity_context.kind(other) == kind for other in known) and not _has(known, quantity)


def _share(wanted: frozenset[str], known: frozenset[str]) -> float:
    """Return the share of the wanted stems that are known, whole or by their beginning."""
    if not wanted:
        return 1.0
    return sum(word in known or any(_is_form(word, other) for other in known) for word in wanted) / len(wanted)


def _is_form(word: str, other: str) -> bool:
    shorter, longer = sorted((word, other), key=len)
    is_ending = len(shorter) == _MIN_PREFIX - 1 and len(longer) - len(shorter) < _MIN_PREFIX
    if longer.startswith(shorter) and (len(shorter) >= _MIN_PREFIX or is_ending):
        return True
    return len(shorter) > _MIN_PREFIX and longer.endswith(shorter)


@lru_cache(maxsize=5_000)
def _content(text: str, language: str) -> frozenset[str]:
    """Return the stems of the content words of a glossed text, without its numbers and what is compared by itself."""
    words = (word for word in sentences.content_words(text, language) if word not in meanings(language))
    return frozenset(sentences.stem(word, language) for word in words if not word[0].isdigit())
