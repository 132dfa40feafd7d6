"""Which words of a language carry no subject of their own: the lists of the Snowball project, by tantivy."""

from collections.abc import Callable
from functools import lru_cache

#: The names of languages in tantivy and in Snowball, by ISO 639-1 code.
NAMES = {
    "en": "english",
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
    "pl": "polish",
}

#: Tantivy has no list for Polish.
_POLISH = frozenset(
    "a aby albo ale ależ ani aż bardziej bardzo bo bowiem by był była było były będzie będą będziesz być ci co "
    "coś czy czyli dla dlaczego dlatego do gdy gdyby gdyż gdzie go i ich ile im inna inne inny innych iż ja "
    "jak jaka jaki jakie jako je jeden jedna jednak jedno jego jej jemu jest jestem jesteś jesteśmy jeszcze "
    "jeśli jeżeli już ją kiedy kto która które którego której który których którym którzy lecz lub ma mają "
    "masz mam mamy mi mimo między mnie mną moja moje może możesz mój można mu my na nad nam nami nas nasz "
    "nasza nasze naszego naszej naszych nawet nich niego niej nim nimi no o od ona one oni ono oraz oto po pod "
    "podczas ponieważ poza przed przez przy również sam sama są się skąd sobie sobą swoje swój ta tak taka "
    "taki takich takie także tam te tego tej temu ten teraz też to tobie tobą tu twoja twoje twój ty tych tym "
    "tę u w wam wami was wasz wasza wasze we według wie więc wszystko wy z za zaś ze że żeby".split()
)


@lru_cache(maxsize=20_000)
def is_stop_word(word: str, language: str) -> bool:
    """Whether a lower-case word is on the list of a language; negations are on it too."""
    if language == "pl":
        return word in _POLISH
    return not _filter(language)(word)


@lru_cache(maxsize=len(NAMES))
def _filter(language: str) -> Callable[[str], list[str]]:
    import tantivy

    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    analyse: Callable[[str], list[str]] = builder.filter(tantivy.Filter.stopword(NAMES[language])).build().analyze
    return analyse
