"""The languages of a sentence and of the passages that it is from, which may differ."""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from text_to_num import alpha2digit

from kb.languages import language_of, other_language_of
from kb.search import Hit

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

#: Languages whose number words are read beside English ones.
_WITH_NUMBER_WORDS = ("de", "fr", "es", "it", "nl", "pt")

#: Units as `quantities` reads them, by their names in the other languages. Those of days of work come first.
_UNITS = [
    (re.compile(rf"(?<=[\d ])(?:{names})\b", re.I), unit)
    for unit, names in (
        (
            "working days",
            r"Werktag(?:e|en)?|Arbeitstag(?:e|en)?|jours? ouvr(?:és?|ables?)|días? (?:laborables?|hábil(?:es)?)"
            r"|giorn[oi] lavorativ[oi]|werkdag(?:en)?|dias? út(?:il|eis)|(?:dni|dzień) robocz(?:ych|e|y)",
        ),
        ("days", r"Tag(?:e|en)?|jours?|días?|giorn[oi]|dag(?:en)?|dias?|dni|dzień"),
        ("hours", r"Stunden?|heures?|horas?|or[ae]|uur|uren|godzin[ayę]?"),
        ("minutes", r"Minuten?|minutos?|minut[oiaey]?"),
        ("weeks", r"Wochen?|semaines?|semanas?|settiman[ae]|weken|week|tygodni(?:e|a)?|tydzień"),
        ("months", r"Monat(?:e|en)?|mois|mes(?:es)?|mes[ei]|maand(?:en)?|mês|miesi(?:ąc|ące|ęcy)"),
        ("years", r"Jahr(?:e|en)?|ans?|années?|años?|ann[oi]|jaar|jaren|anos?|lat[a]?|rok"),
        ("percent", r"Prozent|pour cent|por ciento|per cento|procent|por cento"),
        ("euros", r"euró?w?"),
    )
]
_CLOCK = re.compile(r"\b(\d{1,2})(?:[.:](\d{2}))? ?(?:Uhr|uur)\b(?! pro)|\b(\d{1,2}) ?h ?(\d{2})\b", re.I)


@lru_cache(maxsize=500)
def language_beside(text: str, premise: str) -> str:
    """Return the language of a sentence; where it is too short to tell, that of its passages, or English."""
    written = language_of(premise) or "en"
    if (language := language_of(text)) is not None:
        return language
    other = other_language_of(text, [written])
    return other if other in NAMES else written


@lru_cache(maxsize=500)
def written_in(premise: str) -> str:
    """Return the language of passages; English where they are too short to tell."""
    return language_of(premise) or "en"


def quantities_in_english(text: str, language: str) -> str:
    """Return a text with its number words as figures and the units after figures in English, for `quantity_check`."""
    if language == "en":
        return text
    if language in _WITH_NUMBER_WORDS:
        text = alpha2digit(text, language, threshold=1)
    text = _CLOCK.sub(lambda found: f"{found[1] or found[3]}:{found[2] or found[4] or '00'}", text)
    for pattern, unit in _UNITS:
        text = pattern.sub(unit, text)
    return text


def gap(text: str, hits: Sequence[Hit], *, reads: Collection[str]) -> str | None:
    """Return why an answer cannot be checked here: its language is not that of the passages; None when it is.

    Args:
        text: the answer.
        hits: the passages that it is from.
        reads: the languages that the support model reads.
    """
    premise = "\n".join(hit.record.text for hit in hits)
    spoken, written = language_beside(text, premise), written_in(premise)
    if spoken == written or {spoken, written} <= set(reads):
        return None
    return f"The answer is in {_name(spoken)} and the articles in {_name(written)}; nothing here can check that."


def _name(language: str) -> str:
    return NAMES.get(language, f"another language ({language})")
