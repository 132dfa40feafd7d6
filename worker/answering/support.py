"""Find the part of a passage that supports a claim."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from kb import sentences
from kb.search import Hit
from worker.answering import fact_check, injection_filter

#: A sentence is supported when at least this share of its content words is in one or two neighbouring sentences of its
#: passage …
MIN_SUPPORT = 0.6

#: … or when it paraphrases them: the cosine of the vectors is at least MIN_SIMILARITY, and at least _MIN_SHARED of its
#: content words are theirs. docs/quality.md says how both were chosen.
MIN_SIMILARITY = 0.75
_MIN_SHARED = 0.2

#: For a claim of one clause, one of the two sentences has at least this share of its words.
_MIN_OF_ONE = 0.55

#: A quote does not support a claim when a sentence that contradicts the claim has this much more of its words.
_MUCH_LESS = 0.2

#: Two sentences are quoted instead of one only when their score is better by more than this.
_SECOND_SENTENCE = 0.05

#: Quotes of a passage that are compared by vectors, those with the most words in common first.
_MAX_COMPARED = 4

#: A sentence with this score is supported whatever a model says: at least nine in ten of its content words are in its
#: quote, and no fact differs.
CERTAIN_SUPPORT = 0.9

#: With a model of support, any other sentence that has support by words or vectors also needs this probability, and one
#: that has none but agrees in all facts with the passages it cites needs the second. Chosen on the dev half of
#: `tests/data/drafts`.
MIN_ENTAILMENT = 0.5
MIN_ENTAILMENT_ALONE = 0.5

#: Returns the probability that a premise supports a claim, 0 to 1.
Entailment = Callable[[str, str], float]

#: The score of a sentence that only a judge found supported.
JUDGED_SUPPORT = 0.8

#: Returns the cosine of the vectors of two texts, -1 to 1.
Similarity = Callable[[str, str], float]


@dataclass(frozen=True, kw_only=True)
class Support:
    """The part of a passage that supports a claim: its score, 0 to 1, and its offsets in the passage."""

    score: float
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class _Quote:
    text: str
    sentences: tuple[str, ...]
    start: int
    end: int


def best_support(
    text: str,
    cited: Sequence[int],
    hits: Sequence[Hit],
    similarity: Similarity | None,
    entailment: Entailment | None = None,
) -> tuple[int, Support] | None:
    """Return the index of the passage that supports a sentence best, and where; of the cited ones if it cites any.

    With `entailment`, words and vectors decide only where they are certain.
    """
    found = _by_words(text, cited, hits, similarity)
    if entailment is None or (found is not None and found[1].score >= CERTAIN_SUPPORT) or not _content(text):
        return found
    cited_hits = [hits[number - 1] for number in cited if 1 <= number <= len(hits)]
    if found is None and not cited_hits:
        return None
    premise = "\n".join(
        f"{' > '.join((hit.record.title, *hit.record.headings))}.\n{hit.record.text}" for hit in cited_hits or hits
    )
    probability = entailment(premise, text)
    if found is not None:
        return found if probability >= MIN_ENTAILMENT else None
    if probability < MIN_ENTAILMENT_ALONE or fact_check.disagreement(text, premise, passage=premise) is not None:
        return None
    return closest_quote(text, cited, hits, similarity, score=probability)


def is_refuted(text: str, hits: Sequence[Hit], *, question: str) -> bool:
    """Whether a sentence names a price, an address or a link that neither a passage nor the customer has.

    No judge is asked about such a sentence: models tend to overlook these.
    """
    sources = "\n".join((question, *(hit.record.text for hit in hits)))
    return fact_check.has_other_figures(text, sources)


def _by_words(
    text: str, cited: Sequence[int], hits: Sequence[Hit], similarity: Similarity | None
) -> tuple[int, Support] | None:
    cited_hits = [number - 1 for number in cited if 1 <= number <= len(hits)]
    if cited and not cited_hits:
        return None
    best: tuple[int, Support] | None = None
    for position in cited_hits or range(len(hits)):
        record = hits[position].record
        about = " ".join((record.title, *record.headings))
        found = support(text, record.text, about=about, similarity=similarity if cited_hits else None)
        if found is not None and (best is None or found.score > best[1].score):
            best = position, found
    return best if best is not None and best[1].score >= MIN_SUPPORT else None


def closest_quote(
    text: str,
    cited: Sequence[int],
    hits: Sequence[Hit],
    similarity: Similarity | None,
    *,
    score: float = JUDGED_SUPPORT,
) -> tuple[int, Support] | None:
    """Return the quote that is most like a sentence that was found supported in another way, with this score.

    It is of the cited passages, if any.
    """
    wanted = _content(text)
    best: tuple[float, int, Support] | None = None
    for position in [number - 1 for number in cited if 1 <= number <= len(hits)] or range(len(hits)):
        for quote in _quotes(hits[position].record.text):
            shared = len(wanted & _content(quote.text)) / max(1, len(wanted))
            likeness = shared + (similarity(text, quote.text) if similarity is not None else 0.0)
            if best is None or likeness > best[0]:
                best = likeness, position, Support(score=score, start=quote.start, end=quote.end)
    return None if best is None else best[1:]


def support(claim: str, passage: str, *, about: str = "", similarity: Similarity | None = None) -> Support | None:
    """Return the one or two neighbouring sentences of a passage that support a claim best, or None.

    The score is the share of the claim's content words (stems) that the quote has, or the cosine of both where the
    claim paraphrases it. A quote does not count when it lacks a number, a name or the like of the claim (`fact_check`),
    or when one of the claim and the most similar sentence is negated and the other is not. Names may also come from
    `about`, the passage's title and headings.
    """
    wanted = _content(claim)
    if not wanted:
        return None
    min_share = _MIN_SHARED if similarity else MIN_SUPPORT
    best: Support | None = None
    paraphrases: list[Support] = []
    refuted = 0.0  # the largest share of the claim in a sentence that contradicts it
    for quote in _quotes(passage):
        score = len(wanted & _content(quote.text)) / len(wanted)
        if score < min_share:
            continue
        closest = max(quote.sentences, key=lambda sentence: len(wanted & _content(sentence)))
        closest_score = len(wanted & _content(closest)) / len(wanted)
        if fact_check.contradicts(claim, closest):
            refuted = max(refuted, closest_score)
            continue
        if len(quote.sentences) > 1 and closest_score < _MIN_OF_ONE and len(fact_check.clauses(claim)) == 1:
            continue  # half of the claim in one sentence, half in the other: neither says it
        if fact_check.disagreement(claim, quote.text, passage=passage, about=about) is not None:
            continue
        found = Support(score=score, start=quote.start, end=quote.end)
        if score < MIN_SUPPORT:
            paraphrases.append(found)
        elif best is None or score > best.score + _SECOND_SENTENCE * (len(quote.sentences) - 1):
            best = found
    if best is not None and best.score + _MUCH_LESS < refuted:
        return None  # the sentence that is most like the claim contradicts it
    if best is None and similarity is not None:
        return _best_paraphrase(claim, passage, [found for found in paraphrases if found.score >= refuted], similarity)
    return best


def _quotes(passage: str) -> Iterator[_Quote]:
    """Yield each sentence of a passage, by itself and together with the next."""
    spans = list(sentences.split(passage))
    for first in range(len(spans)):
        for last in range(first, min(first + 2, len(spans))):
            if last > first and injection_filter.was_blanked(passage[spans[first][1] : spans[last][0]]):
                continue  # a blanked sentence stood between them, so the document has no such quote
            start, end = spans[first][0], spans[last][1]
            texts = tuple(passage[slice(*span)] for span in spans[first : last + 1])
            yield _Quote(text=passage[start:end], sentences=texts, start=start, end=end)


def _best_paraphrase(claim: str, passage: str, candidates: Sequence[Support], similarity: Similarity) -> Support | None:
    """Return the candidate with the highest cosine of at least MIN_SIMILARITY, which becomes its score."""
    best: Support | None = None
    by_words = sorted(candidates, key=lambda candidate: (-candidate.score, candidate.end - candidate.start))
    for candidate in by_words[:_MAX_COMPARED]:
        cosine = similarity(claim, passage[candidate.start : candidate.end])
        if cosine >= MIN_SIMILARITY and (best is None or cosine > best.score):
            best = replace(candidate, score=cosine)
    return best


@lru_cache(maxsize=2_000)
def _content(text: str) -> frozenset[str]:
    """Return the stems of a text's content words; with its numbers only when it has no other."""
    return sentences.content(fact_check.without_numbers(text)) or sentences.content(text)
