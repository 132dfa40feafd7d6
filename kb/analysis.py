"""Analyse texts for the lexical index: their words in lower case, without accents, stop words and inflections."""

from collections.abc import Callable
from functools import cache

import tantivy

from kb import sentences
from kb.segmentation import segmented
from kb.stop_words import is_stop_word

#: Languages that tantivy stems, by ISO 639-1 code.
_NAMES = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}

#: Those of them without a list of stop words.
_WITHOUT_STOP_WORDS = frozenset({"ar", "el", "ro", "ta", "tr"})

#: Tantivy does not stem Polish; Snowball does.
_POLISH = "pl"

_MAX_CHARACTERS = 64

Analyse = Callable[[str], list[str]]


def analysis_language(language: str | None) -> str:
    """Return the language by which texts in `language`, such as `de-AT`, are analysed: English without a stemmer."""
    code = (language or "").partition("-")[0].lower()
    return code if code in _NAMES or code == _POLISH else "en"


def analysed(text: str, language: str | None) -> list[str]:
    """Return the words of a text in their order, analysed by the `analysis_language` of its language."""
    return _analyse(analysis_language(language))(segmented(text))


def folding() -> tantivy.TextAnalyzer:
    """Return an analyser that keeps words as they are written, in lower case and without accents."""
    return _lower_case().filter(tantivy.Filter.ascii_fold()).build()


@cache
def _analyse(language: str) -> Analyse:
    if language == _POLISH:
        return _polish
    builder = _lower_case()
    if language not in _WITHOUT_STOP_WORDS:
        builder = builder.filter(tantivy.Filter.stopword(_NAMES[language]))
    stemming = builder.filter(tantivy.Filter.stemmer(_NAMES[language]))
    analyse: Analyse = stemming.filter(tantivy.Filter.ascii_fold()).build().analyze
    return analyse


def _polish(text: str) -> list[str]:
    words = _plain()(text)
    return _fold()(" ".join(sentences.stem(word, _POLISH) for word in words if not is_stop_word(word, _POLISH)))


@cache
def _plain() -> Analyse:
    analyse: Analyse = _lower_case().build().analyze
    return analyse


@cache
def _fold() -> Analyse:
    analyse: Analyse = folding().analyze
    return analyse


def _lower_case() -> tantivy.TextAnalyzerBuilder:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    return builder.filter(tantivy.Filter.remove_long(_MAX_CHARACTERS)).filter(tantivy.Filter.lowercase())
