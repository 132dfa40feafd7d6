"""The languages of a sentence and of the passages that it is from, which may differ."""

from collections.abc import Collection, Sequence
from functools import lru_cache

from kb.languages import language_of, other_language_of
from kb.search import Hit
from worker.answering.check import gloss

#: The languages that desks answer in. Short sentences are told from the passages' language only where they are in one
#: of these: "- Indonesia" is no Indonesian.
NAMES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "nl": "Dutch",
    "pt": "Portuguese",
    "pl": "Polish",
}


@lru_cache(maxsize=500)
def language_beside(text: str, premise: str) -> str:
    """Return the language of a sentence; where it is too short to tell, that of its passages, or English."""
    written = written_in(premise)
    other = other_language_of(text, [written])
    return other if other is not None and (other in NAMES or language_of(text) is not None) else written


@lru_cache(maxsize=500)
def written_in(premise: str) -> str:
    """Return the language of passages; of short ones one that desks answer in, and English in doubt."""
    if (language := language_of(premise)) is not None:
        return language
    other = other_language_of(premise, ["en"])
    return other if other in NAMES else "en"


def gap(text: str, hits: Sequence[Hit], *, reads: Collection[str]) -> str | None:
    """Return why an answer cannot be checked here: its language is not that of the passages; None when it is.

    Args:
        text: the answer.
        hits: the passages that it is from.
        reads: the languages that the support model reads.
    """
    premise = "\n".join(hit.record.text for hit in hits)
    spoken, written = language_beside(text, premise), written_in(premise)
    if {spoken, written} <= set(reads):
        return None
    if spoken == written:
        return None if spoken in gloss.LANGUAGES else f"The answer is in {_name(spoken)}; nothing here can check that."
    return f"The answer is in {_name(spoken)} and the articles in {_name(written)}; nothing here can check that."


def _name(language: str) -> str:
    return NAMES.get(language, f"another language ({language})")
