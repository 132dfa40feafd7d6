"""What asks nothing: a greeting, thanks, "are you there?". It gets a word in return, and calls nobody."""

import re

_OK = r"(?:ok(?:ay)?[ ,.!]*)?"

#: A pattern for the whole message, and what it gets.
_KNOWN = tuple(
    (re.compile(rf"\W*(?:{pattern})\W*", re.I), word)
    for pattern, word in (
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
_LONGEST = 80


def returned(text: str) -> str | None:
    """Return the word that a message gets which asks nothing; None for any other message."""
    if len(text) > _LONGEST:
        return None
    return next((said for pattern, said in _KNOWN if pattern.fullmatch(text.strip())), None)
