"""Which language a text is in."""

import threading
from collections.abc import Collection
from functools import lru_cache
from typing import Any

#: Less text than this says too little.
_MIN_CHARACTERS = 40
_MAX_CHARACTERS = 5_000

_LOADING = threading.Lock()


def language_of(text: str) -> str | None:
    """Return the ISO 639-1 code of the language of `text`, such as `en`; None when there is too little to tell."""
    sample = text[:_MAX_CHARACTERS]
    if sum(char.isalpha() for char in sample) < _MIN_CHARACTERS:
        return None
    return str(_identifier().classify(sample)[0])


#: A text is in another language when that one is at least this probable, and this many times as probable as each
#: language that is expected. Chosen on 817 short questions: docs/quality.md.
_MIN_PROBABILITY = 0.2
_MIN_RATIO = 10.0


def other_language_of(text: str, expected: Collection[str]) -> str | None:
    """Return the language of a text that is clearly in none of the expected ones; None otherwise.

    Unlike `language_of` it reads short texts too, and in doubt takes a text for one of the expected languages.
    """
    if not any(map(str.isalpha, text)):
        return None
    probabilities: dict[str, float] = {}
    for name, probability in _identifier().rank(text[:_MAX_CHARACTERS]):
        probabilities[name] = max(probabilities.get(name, 0.0), float(probability))
    likeliest = max(probabilities, key=lambda name: probabilities[name])
    probable = probabilities[likeliest]
    if likeliest in expected or probable < _MIN_PROBABILITY:
        return None
    best_expected = max((probabilities.get(name, 0.0) for name in expected), default=0.0)
    return likeliest if probable >= _MIN_RATIO * best_expected else None


def prepare() -> None:
    """Load the model of languages now, so that the first message does not wait for it."""
    _identifier()


def _identifier() -> Any:
    """Return py3langid's model with probabilities that add up to 1; one thread loads it, and others wait for that.

    Unpacking takes half a second of a core. When 64 threads that had begun to answer all did so, nothing was answered
    for ten seconds.
    """
    with _LOADING:
        return _loaded()


@lru_cache(maxsize=1)
def _loaded() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
