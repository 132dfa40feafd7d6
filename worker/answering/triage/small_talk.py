"""Replies to messages that ask nothing: a greeting, thanks, "are you there?". They need no search and no model."""

import re

from worker.translations import LANGUAGES, to_translate, translate

_OK = r"(?:ok(?:ay|é)?[ ,.!]*)?"

_GREETINGS = {
    "en": r"(?:hi+|hello|hey|hiya|howdy|good (?:morning|afternoon|evening|day)|greetings)"
    r"(?: there| all| team| everyone)?",
    "de": r"hi|hey|hallo|guten (?:tag|morgen|abend)|moin|servus|grüezi",
    "fr": r"bonjour|bonsoir|salut",
    "es": r"hola|(?:hola[ ,!]+)?buen(?:os|as) (?:días|dias|tardes|noches)",
    "it": r"ciao|salve|buon ?giorno|buon ?pomeriggio|buona ?sera|buondì",
    "nl": r"hi|hey|hallo|hoi|dag|goeden? ?(?:dag|morgen|middag|avond)",
    "pt": r"ol[áa]|oi|(?:(?:ol[áa]|oi)[ ,!]+)?(?:bom dia|boa tarde|boa noite)",
    "pl": r"cze[śs][ćc]|hej|witam|halo|dzie[ńn] dobry|dobry wiecz[óo]r",
}
_THANKS = {
    "en": r"(?:(?:ok(?:ay)?|great|perfect|super|cool|alright|got it|that helps|that helped)[ ,.!]*)*"
    r"(?:thanks?|thank you|thx|cheers|much appreciated)(?: (?:so much|very much|a lot|again|you|for your help))*",
    "de": rf"{_OK}(?:danke(?: schön| sehr)?|vielen dank|dankeschön)",
    "fr": rf"{_OK}merci(?: beaucoup| bien)?",
    "es": rf"{_OK}(?:muchas )?gracias",
    "it": rf"{_OK}(?:grazie(?: mille| tante| infinite| a lei)?|(?:molte|tante) grazie|la ringrazio)",
    "nl": rf"{_OK}(?:(?:heel erg |hartelijk )?bedankt|(?:hartelijk )?dank(?: ?(?:u|je)(?: ?wel)?)?)",
    "pt": rf"{_OK}(?:(?:muito )?(?:obrigad[oa]|agradecid[oa])|valeu)",
    "pl": rf"{_OK}(?:(?:bardzo |serdecznie )?dzi[ęe]kuj[ęe](?: bardzo| za pomoc)*|(?:wielkie )?dzi[ęe]ki)",
}
_ANYBODY_THERE = {
    "en": r"(?:is )?(?:any(?:one|body)|someone|somebody) (?:there|here)|are you (?:still )?there",
    "de": r"(?:ist )?(?:da )?jemand da|ist (?:da|hier|dort) jemand",
    "fr": r"il y a quelqu['’]un",
    "es": r"hay alguien(?: ahí)?",
    "it": r"c['’ ]?è (?:qualcuno|nessuno)|siete (?:ancora )?(?:lì|in linea)",
    "nl": r"is (?:er|daar) (?:nog )?iemand(?: (?:daar|aanwezig))?|(?:bent u|ben je) (?:er|daar)(?: nog)?",
    "pt": r"(?:há|ha|tem) algu[ée]m a[íi]|(?:está|esta) a[íi] algu[ée]m|algu[ée]m a[íi]",
    "pl": r"(?:czy )?(?:jest )?(?:tam |tu )?(?:kto[śs](?: (?:tam|tu))?(?: jest)?)",
}

#: "Is anybody there?", after a greeting or without one.
_CALLS = {language: rf"(?:(?:{_GREETINGS[language]})\W+)?(?:{pattern})" for language, pattern in _ANYBODY_THERE.items()}

#: The replies, with the patterns of the whole messages that they answer, by language.
_REPLIES = {
    reply: {language: re.compile(rf"\W*(?:{patterns[language]})\W*", re.I) for language in LANGUAGES}
    for reply, patterns in (
        (to_translate("Hello! What can we help you with?"), _GREETINGS),
        (to_translate("You are welcome."), _THANKS),
        (to_translate("Yes. What can we help you with?"), _CALLS),
    )
}
_MAX_CHARACTERS = 80


def recognised(text: str) -> tuple[str, list[str]] | None:
    """Return the reply to small talk in English, and the languages that the message may be in.

    None for a message that is anything else, or small talk and something else.
    """
    if len(text) > _MAX_CHARACTERS:
        return None
    for reply, patterns in _REPLIES.items():
        if languages := [language for language, pattern in patterns.items() if pattern.fullmatch(text.strip())]:
            return reply, languages
    return None


def reply_to(text: str) -> str | None:
    """Return the reply to small talk by itself, in the first language that it may be in; None for any other message."""
    found = recognised(text)
    return None if found is None else translate(found[0], found[1][0])
