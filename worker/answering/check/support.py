"""Find the part of a passage that supports a sentence of an answer."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from text_to_num import alpha2digit

from kb import links, sentences
from kb.search import Hit
from worker.answering.check import (
    answer_languages,
    contradiction,
    exclusions,
    fact_check,
    quantity_check,
    quotes,
    word_support,
)
from worker.answering.check.gloss import LANGUAGES as GLOSSED
from worker.answering.check.gloss import gloss
from worker.answering.check.negation import denies

#: A sentence is supported from this probability on. Chosen on the dev halves of `tests/data/drafts` and `drafts-desks`.
MIN_SUPPORT = 0.8

#: A sentence with this share of its content words in one sentence of a passage needs only the second probability.
NEARLY_QUOTED = 0.9
_MIN_QUOTED_WORDS = 3
MIN_SUPPORT_OF_QUOTES = 0.6

#: Two sentences are compared for saying the opposite when this share of the content words of both is in both.
MIN_LIKE = 0.7
MIN_LIKE_OF_QUOTES = 0.5

#: Without the support model, or in a language that it does not read, one or two neighbouring sentences of a passage
#: need this share of a sentence's content words.
MIN_SHARED = 0.7

#: From this probability on, no judge is asked.
CERTAIN_SUPPORT = 0.94

#: The support of a sentence that only a judge found supported.
JUDGED_SUPPORT = 0.8

#: The languages that a support model reads which names none.
_ENGLISH = frozenset({"en"})

#: Returns the probability, 0 to 1, that a premise supports a claim that answers a question. One that reads other
#: languages than English has them in an attribute `languages`.
Entailment = Callable[[str, str, str], float]

#: Returns the cosine of the vectors of two texts, -1 to 1.
Similarity = Callable[[str, str], float]


@dataclass(frozen=True, kw_only=True)
class Support:
    """The part of a passage that supports a sentence.

    Attributes:
        score: the probability that the sentence is supported, 0 to 1.
        position: the index of the passage.
        start, end: the offsets of the part in the passage.
    """

    score: float
    position: int
    start: int
    end: int


def best_support(
    text: str,
    cited: Sequence[int],
    hits: Sequence[Hit],
    *,
    question: str = "",
    similarity: Similarity | None = None,
    entailment: Entailment | None = None,
) -> Support | None:
    """Return the part of the cited passages that supports a sentence; of any passage where it cites none.

    A sentence that stands in a passage word for word is supported. In any other, every quantity, link and name has to
    be in its passages or in the question, and the support model (`entailment`) decides; words in common do in a
    language with a gloss that it does not read, and nothing in others. A sentence in another language than its passages
    needs a model that reads both.

    Args:
        text: the sentence, without citation marks.
        cited: the numbers of the passages that it cites, from 1 on.
        hits: the passages.
        question: the customer's message.
        similarity: orders the parts that the quote is chosen from; without it, words in common do.
        entailment: without it, words in common decide, as in a language that it does not read.
    """
    positions = [number - 1 for number in cited or range(1, len(hits) + 1) if 1 <= number <= len(hits)]
    premise = "\n".join(_with_title(hits[position]) for position in positions)
    spoken, written = answer_languages.language_beside(text, premise), answer_languages.written_in(premise)
    if (quoted := _quoted(text, positions, hits, written)) is not None:
        return quoted
    if not sentences.content(text):
        return None
    is_read = {spoken, written} <= set(languages_of(entailment))
    if spoken != written:
        if entailment is None or not is_read or _other_figures(text, premise, question, spoken, written):
            return None
        return _if_probable(entailment(premise, text, question), text, cited, hits, similarity)
    if not is_read and written != "en":
        return _by_words_of(written, text, positions, hits, question)
    if _disagrees(text, premise, question, written):
        return None
    if entailment is None or not is_read:
        return _by_words(text, positions, hits)
    nearly = _nearly_quoted(text, positions, hits)
    if _says_opposite(text, premise, nearly, hits, written):
        return None
    probability = entailment(links.without_addresses(premise), links.without_addresses(text), question)
    if nearly is not None and probability >= MIN_SUPPORT_OF_QUOTES:
        return replace(nearly, score=probability)
    return _if_probable(probability, text, cited, hits, similarity)


def _disagrees(text: str, premise: str, question: str, written: str) -> bool:
    """Whether a fact of a sentence is neither in its passages nor in the question, all in one language."""
    language = written if written in GLOSSED else "en"
    claim, source, asked = (gloss(part, language) for part in (text, premise, question))
    return fact_check.disagreement(claim, source, question=asked, language=language) is not None


def _says_opposite(text: str, premise: str, nearly: Support | None, hits: Sequence[Hit], written: str) -> bool:
    """Whether a sentence says what its passages deny or exclude, or the opposite of the part that it nearly quotes."""
    language = written if written in GLOSSED else "en"
    claim = gloss(text, language)
    if contradiction.contradicts(claim, gloss(premise, language), min_shared=MIN_LIKE, language=language):
        return True
    if language == "en" and exclusions.asserts_excluded(claim, premise) is not None:
        return True
    if nearly is None:
        return False
    quote = gloss(hits[nearly.position].record.text[nearly.start : nearly.end], language)
    return contradiction.contradicts(claim, quote, min_shared=MIN_LIKE_OF_QUOTES, language=language)


def _if_probable(
    probability: float, text: str, cited: Sequence[int], hits: Sequence[Hit], similarity: Similarity | None
) -> Support | None:
    """Return the part of the passages that is most like a sentence, if it is probable enough that they support it."""
    return closest_quote(text, cited, hits, similarity, score=probability) if probability >= MIN_SUPPORT else None


def languages_of(entailment: Entailment | None) -> Collection[str]:
    """Return the languages that a support model reads; none without a model."""
    return frozenset() if entailment is None else frozenset(getattr(entailment, "languages", _ENGLISH))


def is_refuted(text: str, hits: Sequence[Hit], *, question: str) -> bool:
    """Whether a sentence names a price, an address or a link that neither a passage nor the customer has.

    In another language than the passages any quantity counts. No judge is asked about such a sentence: models tend to
    overlook these.
    """
    sources = "\n".join(hit.record.text for hit in hits)
    spoken, written = answer_languages.language_beside(text, sources), answer_languages.written_in(sources)
    if spoken != written:
        return _other_figures(text, sources, question, spoken, written)
    text, sources, question = (gloss(part, written) for part in (text, sources, question))
    return fact_check.has_other_figures(text, sources, question=question)


def _other_figures(text: str, premise: str, question: str, spoken: str, written: str) -> bool:
    """Whether a sentence in another language than its passages has a quantity or a link that they do not have."""
    text, premise, question = gloss(text, spoken), gloss(premise, written), gloss(question, spoken)
    return (
        fact_check.has_other_figures(text, premise, question=question)
        or quantity_check.first_missing(text, premise, question=question) is not None
    )


def closest_quote(
    text: str,
    cited: Sequence[int],
    hits: Sequence[Hit],
    similarity: Similarity | None,
    *,
    score: float = JUDGED_SUPPORT,
) -> Support | None:
    """Return the one or two neighbouring sentences that are most like a supported sentence, with this score.

    They are of the cited passages, if any.
    """
    wanted = sentences.content(text)
    best: tuple[float, Support] | None = None
    for position in [number - 1 for number in cited if 1 <= number <= len(hits)] or range(len(hits)):
        for start, end in quotes.spans(hits[position].record.text):
            quote = hits[position].record.text[start:end]
            shared = len(wanted & _content(quote)) / max(1, len(wanted))
            likeness = shared + (similarity(text, quote) if similarity is not None else 0.0)
            if best is None or likeness > best[0]:
                best = likeness, Support(score=score, position=position, start=start, end=end)
    return None if best is None else best[1]


def _quoted(text: str, positions: Sequence[int], hits: Sequence[Hit], language: str) -> Support | None:
    """Return the sentences of a passage that a sentence is, word for word; it may leave out the addresses of links."""
    words = tuple(sentences.words(text))
    for position in positions:
        passage = hits[position].record.text
        for start, end in quotes.spans(passage, language):
            quote = passage[start:end]
            if words and words in (_words(quote), _words(links.without_addresses(quote))):
                return Support(score=1.0, position=position, start=start, end=end)
    return None


def _nearly_quoted(text: str, positions: Sequence[int], hits: Sequence[Hit]) -> Support | None:
    """Return the one sentence of a passage that has nearly all content words of a sentence, and its quantities."""
    wanted = _content(text)
    if len(wanted) < _MIN_QUOTED_WORDS:
        return None
    for position in positions:
        passage = hits[position].record.text
        for start, end in sentences.split(passage):
            quote = passage[start:end]
            share = len(wanted & _content(quote)) / len(wanted)
            if share >= NEARLY_QUOTED and quantity_check.first_missing(text, quote) is None:
                return Support(score=share, position=position, start=start, end=end)
    return None


def _by_words(text: str, positions: Sequence[int], hits: Sequence[Hit]) -> Support | None:
    """Return the sentences of a passage with most of a sentence's words, if one of both does not deny the other."""
    wanted, denied = _content(text), denies(text)
    best: Support | None = None
    for position in positions:
        passage = hits[position].record.text
        for start, end in quotes.spans(passage):
            quote = passage[start:end]
            score = len(wanted & _content(quote)) / max(1, len(wanted))
            if score >= MIN_SHARED and denies(quote) == denied and (best is None or score > best.score):
                best = Support(score=score, position=position, start=start, end=end)
    return None if best is None else replace(best, score=min(best.score, JUDGED_SUPPORT))


def _by_words_of(
    language: str, text: str, positions: Sequence[int], hits: Sequence[Hit], question: str
) -> Support | None:
    """Return the part of the passages with most words of a sentence; None in a language that there is no gloss for."""
    if language not in GLOSSED:
        return None
    passages = [(position, _title(hits[position]), hits[position].record.text) for position in positions]
    found = word_support.find(text, passages, question=question, language=language)
    if found is None:
        return None
    return Support(score=min(found.shared, JUDGED_SUPPORT), position=found.position, start=found.start, end=found.end)


def _title(hit: Hit) -> str:
    return " > ".join(filter(None, (hit.record.title, *hit.record.headings)))


def _with_title(hit: Hit) -> str:
    title = _title(hit)
    return f"{title}.\n{hit.record.text}" if title else hit.record.text


@lru_cache(maxsize=2_000)
def _words(text: str) -> tuple[str, ...]:
    return tuple(sentences.words(text))


@lru_cache(maxsize=2_000)
def _content(text: str) -> frozenset[str]:
    """Return the stems of a text's content words without numbers, which are compared by themselves."""
    return frozenset(word for word in sentences.content(alpha2digit(text, "en", threshold=0)) if not word.isdigit())
