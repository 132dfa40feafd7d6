"""Sentences with their exact offsets, and the content words in them."""

import re
from collections.abc import Iterator
from functools import lru_cache

import sentencex
import Stemmer

from kb.stop_words import NAMES, is_stop_word

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

#: Words that carry no subject of their own. From the English list of the Snowball project, without the
#: negations, which change what a sentence claims.
STOP_WORDS = frozenset(
    "i me my myself we our ours ourselves you your yours yourself he him his she her hers it its they them their "
    "theirs what which who whom this that these those am is are was were be been being have has had having do does "
    "did doing would should could ought a an the and but if or because as until while of at by for with about "
    "against between into through during before after above below to from up down in out on off over under again "
    "further then once here there when where why how all any both each few more most other some such only own same "
    "so than too very can will just please hi hello thanks thank let us may might must also".split()
)

#: Stands between the cells of a table's row, which is one sentence whatever its cells say.
CELL_SEPARATOR = " · "

#: Characters; a longer line is not taken for a row.
_MAX_ROW = 800

_CONTRACTION = re.compile(r"\b(they|we|you|i|it|he|she|that|there|here|what|who)['’](?:re|ll|ve|d|s|m)\b", re.I)

NEGATIONS = frozenset(
    "no not never none nobody nothing neither nor cannot without don't doesn't didn't won't wouldn't can't couldn't "
    "isn't aren't wasn't weren't shouldn't haven't hasn't hadn't mustn't needn't unable".split()
)


def split(text: str, *, offset: int = 0, language: str = "en") -> Iterator[tuple[int, int]]:
    """Yield the (start, end) of each sentence of `text`, trimmed; a line is never joined to the next, a row never cut.

    `offset` is added to both ends. The language says where abbreviations and dates, such as "31. Januar", do not end.
    """
    position = offset
    for line in text.splitlines(keepends=True):
        for piece in [line] if is_row(line) else sentencex.segment(language if language in NAMES else "en", line):
            stripped = piece.strip()
            if stripped and stripped not in ("-", "*", "•"):
                start = position + piece.index(stripped)
                yield start, start + len(stripped)
            position += len(piece)


def is_row(line: str) -> bool:
    """Whether a line is a row of a table (`kb.readers.rows`)."""
    return CELL_SEPARATOR in line and len(line) <= _MAX_ROW


@lru_cache(maxsize=20_000)
def stem(word: str, language: str = "en") -> str:
    """Return the stem of a lower-case word."""
    return str(_stemmer(language).stemWord(word))


@lru_cache(maxsize=len(NAMES))
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(NAMES[language], 0)


def words(text: str) -> list[str]:
    """Return the words of `text` in lower case, with straight apostrophes."""
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def without_contractions(text: str) -> str:
    """Return a text with the pronouns of English contractions alone: "they're also" becomes "they also"."""
    return _CONTRACTION.sub(r"\1", text)


def content_words(text: str, language: str = "en") -> list[str]:
    """Return the words of `text` that carry its subject; in any language those of English function words do not."""
    found = [word for word in words(text) if word not in STOP_WORDS and word not in NEGATIONS]
    return found if language == "en" else [word for word in found if not is_stop_word(word, language)]


def content(text: str, language: str = "en") -> frozenset[str]:
    """Return the stems of the words of `text` that carry its subject."""
    return frozenset(stem(word, language) for word in content_words(text, language))
