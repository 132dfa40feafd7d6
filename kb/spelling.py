"""Correct the spelling of a query by the words of the knowledge base that it is searched in."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from rapidfuzz import process
from rapidfuzz.distance import OSA

from kb import sentences

_WORD = re.compile(r"[^\W\d_]+")
_CODE = re.compile(r"[\d_@/\\]")
_TOKEN = re.compile(r"\S+")

#: Shorter words have too many neighbours, longer ones are no words.
_MIN_LETTERS = 4
_MAX_LETTERS = 24

#: Words from this length on may have two slips, shorter ones one.
_LONG = 8

#: Scripts from here on are not written in words of letters (Thai, Han, Kana, Hangul).
_FIRST_OTHER_SCRIPT = "\u0e00"

#: Words that are compared with, the most frequent of those with the same first letter: 200,000 passages have fewer.
_MAX_WORDS = 20_000

#: Words of a query that are looked up: a text in another language than the knowledge base has no slips to correct.
_MAX_UNKNOWN = 5


class Vocabulary(Protocol):
    """The words of a knowledge base."""

    def has(self, word: str) -> bool:
        """Whether the word is known in any of its forms."""
        ...

    def words(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        """Return up to `limit` (word, frequency) with a prefix, in lower case without accents, most frequent first."""
        ...


class Speller:
    """Replaces words that the vocabulary lacks by near ones that it has. Safe to share between threads.

    A slip is a letter that is missing, doubled, wrong or swapped with the next; the first letter is taken to be right.
    Words with digits, in capitals, or capitalised within a sentence (but for German, where nouns are) are names or
    codes, and stay.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._by_letter: dict[str, dict[int, dict[str, int]]] = {}

    def correct(self, query: str, *, is_word: Callable[[str], bool] = lambda _word: False) -> str:
        """Return the query with its spelling corrected; `is_word` tells of a word whether it is surely right."""
        unknown = [
            found
            for found in _candidates(query)
            if found[0].lower() not in sentences.STOP_WORDS and not self._vocabulary.has(found[0])
        ]
        if not unknown:
            return query
        pieces, position = [], 0
        for found in unknown[:_MAX_UNKNOWN]:
            word = found[0].lower()
            nearest = None if is_word(word) else self._nearest(_folded(word))
            if nearest is not None:
                pieces += [query[position : found.start()], nearest]
                position = found.end()
        return "".join([*pieces, query[position:]])

    def _nearest(self, word: str) -> str | None:
        most = 1 if len(word) < _LONG else 2
        of_letter = self._words_with(word[0])
        best: tuple[int, int, str] | None = None
        for length in range(len(word) - most, len(word) + most + 1):
            words = of_letter.get(length, {})
            for near, slips, _ in process.extract(word, words.keys(), scorer=OSA.distance, score_cutoff=most, limit=10):
                candidate = (int(slips), -words[near], near)
                best = candidate if best is None else min(best, candidate)
        return best[2] if best is not None else None

    def _words_with(self, letter: str) -> dict[int, dict[str, int]]:
        """Return the frequencies of words by their length; they are read when the first word is looked up."""
        words = self._by_letter.get(letter)
        if words is None:
            words = {}
            for word, frequency in self._vocabulary.words(letter, _MAX_WORDS):
                if _MIN_LETTERS <= len(word) <= _MAX_LETTERS and word.isalpha():
                    words.setdefault(len(word), {})[word] = frequency
            self._by_letter[letter] = words
        return words


def _candidates(query: str) -> list[re.Match[str]]:
    """Return the words of a query that may be misspelt: neither names nor codes."""
    found = []
    for token in _TOKEN.finditer(query):
        if _CODE.search(token[0]):
            continue
        for word in _WORD.finditer(query, token.start(), token.end()):
            if _MIN_LETTERS <= len(word[0]) <= _MAX_LETTERS and max(word[0]) < _FIRST_OTHER_SCRIPT:
                found.append(word)
    return [word for word in found if not _is_name(word, query)]


def _is_name(word: re.Match[str], query: str) -> bool:
    text = word[0]
    if text.islower():
        return False
    if text[1:] != text[1:].lower():  # a code, or a product: "USB", "iPhone"
        return query != query.upper()
    before = query[: word.start()].rstrip(" \"'([„“«¿¡")
    return bool(before) and before[-1] not in ".!?:\n" and not _writes_nouns_so(query)


@lru_cache(maxsize=1_000)
def _writes_nouns_so(query: str) -> bool:
    """Whether a text is German, as far as its commonest words tell: it writes every noun with a capital."""
    return not _GERMAN.isdisjoint(query.lower().split())


_GERMAN = frozenset(
    "ich wie der die das und ist nicht ein eine einen meine mein wo was wann kann mit für auf von zu wird".split()
)


def _folded(word: str) -> str:
    """Return a word in lower case without accents, as the vocabulary has it."""
    return "".join(char for char in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(char))
