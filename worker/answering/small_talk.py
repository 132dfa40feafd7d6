"""Replies to messages that ask nothing: a greeting, thanks, "are you there?". They need no search and no model."""

import re

_OK = r"(?:ok(?:ay)?[ ,.!]*)?"

#: A pattern for the whole message, and the reply.
_REPLIES = tuple(
    (re.compile(rf"\W*(?:{pattern})\W*", re.I), reply)
    for pattern, reply in (
        (
            r"(?:hi+|hello|hey|hiya|howdy|good (?:morning|afternoon|evening|day)|greetings)"
            r"(?: there| all| team| everyone)?",
            "Hello! What can we help you with?",
        ),
        (r"hallo|guten (?:tag|morgen|abend)|moin|servus|grüezi", "Hallo! Wobei können wir helfen?"),
        (r"bonjour|bonsoir|salut", "Bonjour ! Que pouvons-nous faire pour vous ?"),
        (r"hola|buen(?:os|as) (?:días|dias|tardes|noches)", "¡Hola! ¿En qué podemos ayudarle?"),
        (
            r"(?:(?:ok(?:ay)?|great|perfect|super|cool|alright|got it|that helps|that helped)[ ,.!]*)*"
            r"(?:thanks?|thank you|thx|cheers|much appreciated)"
            r"(?: (?:so much|very much|a lot|again|you|for your help))*",
            "You are welcome.",
        ),
        (rf"{_OK}(?:danke(?: schön| sehr)?|vielen dank|dankeschön)", "Gern geschehen."),
        (rf"{_OK}merci(?: beaucoup| bien)?", "Avec plaisir."),
        (rf"{_OK}(?:muchas )?gracias", "De nada."),
        (
            r"(?:is )?(?:any(?:one|body)|someone|somebody) (?:there|here)|are you (?:still )?there",
            "Yes. What can we help you with?",
        ),
        (r"(?:ist )?(?:da )?jemand da", "Ja. Wobei können wir helfen?"),
        (r"il y a quelqu['’]un", "Oui. Que pouvons-nous faire pour vous ?"),
        (r"hay alguien(?: ahí)?", "Sí. ¿En qué podemos ayudarle?"),
    )
)
_MAX_CHARACTERS = 80


def reply_to(text: str) -> str | None:
    """Return the reply to a message that is small talk and nothing else; None for any other message."""
    if len(text) > _MAX_CHARACTERS:
        return None
    return next((reply for pattern, reply in _REPLIES if pattern.fullmatch(text.strip())), None)
