"""Put the function words of a text into English, so that one set of rules compares facts in every language.

Negations, bounds, conjunctions, quantifiers, numbers, units, weekdays, months and words for opposites become the
English ones that the rules of the check know; all other words stay as they are. Nobody reads the result: "Wir liefern
nicht am 1. Mai" becomes "Wir liefern not am 1. may". `glosses/*.toml` has the words.
"""

import re
import tomllib
from functools import lru_cache
from importlib import resources

from text_to_num import alpha2digit

#: Languages that there are glosses for, and English, which needs none.
LANGUAGES = frozenset("en de fr es it nl pt pl".split())

#: Languages whose number words text2num reads; those of Polish are in its gloss.
_WITH_NUMBER_WORDS = frozenset("de fr es it nl pt".split())

#: Number words that are other words too, unless a unit follows: French "neuf" is new, Italian "sei" you are.
_NO_NUMBERS = {"fr": re.compile(r"\bneuf\b(?! [jhmsae])", re.I), "it": re.compile(r"\bsei\b(?! [gomsa])", re.I)}

#: "l'adresse", "dell'ordine": the word is what follows.
_ELISION = re.compile(r"\b(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|un|all|dall|dell|nell|sull|quest)'(?=\w)", re.I)
_WITH_ELISIONS = frozenset({"fr", "it"})

_MONTHS = "january february march april may june july august september october november december".split()
_DATE = re.compile(r"\b(\d{1,2})[./](\d{1,2})[./](?:(\d{4})\b|(?!\d))")

#: "14 Uhr", "9.30 uur", "8 h 30", "le 12", "alle 18", "a las 16", "às 14"; the first of two: "9 bis 18 Uhr".
_CLOCKS = {
    "de": re.compile(r"\b(\d{1,2})(?:[.:](\d{2}))? ?(?:Uhr\b|(?=(?:bis|und|-|–) ?\d{1,2}(?:[.:]\d{2})? ?Uhr\b))", re.I),
    "nl": re.compile(r"\b(\d{1,2})(?:[.:](\d{2}) ?uur\b|[.:](\d{2})(?= tot)| ?uur\b(?= (?:'s|bestel|open)))", re.I),
    "fr": re.compile(
        r"\b(\d{1,2}) ?h ?(\d{2})\b|\b(?<!24 )(?<!48 )(?<!72 )(1?\d|2[0-3]) ?h\b"
        r"|(?<=avant )(\d{1,2}) heures|(?<=jusqu'à )(\d{1,2}) heures",
        re.I,
    ),
    "it": re.compile(r"(?<=\ble )(\d{1,2})\b(?![:.,]\d| \w)|(?<=alle )(\d{1,2})\b(?![:.,]\d)", re.I),
    "es": re.compile(r"(?<=\blas )(\d{1,2})\b(?![:.,]\d| \w)", re.I),
    "pt": re.compile(r"\b(\d{1,2})h(\d{2})?\b|(?<=\bàs )(\d{1,2})\b(?![:.,]\d)", re.I),
}


#: Characters that a pattern takes for another one whatever their case, and the apostrophe that people type.
_PLAIN = str.maketrans({"’": "'", "İ": "I", "ı": "i", "ſ": "s", "\u212a": "K"})


@lru_cache(maxsize=2_000)
def gloss(text: str, language: str) -> str:
    """Return a text with its function words, quantities and opposites in English; as it is in other languages.

    Args:
        text: a sentence or passages.
        language: ISO 639-1 code of the text's language.
    """
    if language == "en" or language not in LANGUAGES:
        return text
    text = text.translate(_PLAIN)
    if language in _CLOCKS:
        text = _CLOCKS[language].sub(_clock, text)
    text = _DATE.sub(_date, text)
    if language in _NO_NUMBERS:
        text = _NO_NUMBERS[language].sub("", text)
    pattern, english = _table(language)
    text = pattern.sub(lambda found: english[found[0].lower()], text)
    if language in _WITH_NUMBER_WORDS:
        text = alpha2digit(text, language, threshold=0)
    return _ELISION.sub("", text) if language in _WITH_ELISIONS else text


@lru_cache(maxsize=len(LANGUAGES))
def _table(language: str) -> tuple[re.Pattern[str], dict[str, str]]:
    """Return the pattern of the words of a language that are glossed, the longest first, and their English words."""
    english = {
        " ".join(word.split()): meaning
        for section in _sections(language).values()
        for meaning, words in section.items()
        for word in words.split(",")
    }
    phrases = "|".join(re.escape(word) for word in sorted(english, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{phrases})(?!\w)", re.I), english


def _sections(language: str) -> dict[str, dict[str, str]]:
    file = resources.files("worker.answering.check") / "glosses" / f"{language}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@lru_cache(maxsize=len(LANGUAGES))
def meanings(language: str) -> frozenset[str]:
    """Return the English words that glosses of a language put in, without weekdays and months."""
    sections = _sections(language)
    return frozenset(
        word for name, section in sections.items() if name != "calendar" for text in section for word in text.split()
    )


def _clock(found: re.Match[str]) -> str:
    hour, *minutes = [group for group in found.groups() if group is not None]
    return f"{hour}:{minutes[0] if minutes else '00'}{' ' if found[0].endswith(' ') else ''}"


def _date(found: re.Match[str]) -> str:
    day, month = int(found[1]), int(found[2])
    if not (1 <= day <= 31 and 1 <= month <= len(_MONTHS)):
        return found[0]
    return f"{day} {_MONTHS[month - 1]} {found[3] or ''}"
