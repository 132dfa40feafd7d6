"""Honest answers to what every assistant is asked about itself: whether it is a bot, its name, what it can do.

A message counts only when all of its sentences ask this; "Are you a bot? I want a human" asks for a human. The desk's
own texts (`Voice.about`) come before the ones here.
"""

import re
from collections.abc import Iterator

from worker.answering.triage import small_talk
from worker.answering.triage.about_patterns import PATTERNS
from worker.states import AboutAssistant
from worker.translations import translate
from worker.voice.voice import Voice

#: Longer messages tell more than this.
_MAX_CHARACTERS = 200
_SENTENCES = re.compile(r"[.?!;\n]+|(?<=[?!])|…")

#: What may stand before and after such a question.
_OPENING = re.compile(
    r"""(?:(?:hi+|hello|hey|sorry|excuse\sme|ok(?:ay)?|wait|hmm+|so|and|but|just\scurious|out\sof\scuriosity|btw
        |by\sthe\sway|(?:a\s|one\s)?quick\squestion|tell\sme|be\shonest|honest\squestion|first|also|pls|please
        |(?:can|could)\syou\stell\sme|may\si\sask
        |hallo|sag\smal|mal\sehrlich|ehrlich|entschuldigung|und|also|bonjour|salut|dites(?:-moi)?|dis(?:-moi)?|et|hola
        |oye|perd[oó]n|y|ciao|scusi?|senti|e|hoi|zeg|en|ol[aá]|oi|desculpe|cześć|dzień\sdobry|przepraszam|a)
        [\s,:–-]+)*""",
    re.I | re.X,
)
_CLOSING = re.compile(
    r"[\s,]+(?:please|pls|though|then|really|anyway|lol|haha|bitte|denn|svp|por\sfavor|per\sfavore)$", re.I
)


def reply_to(text: str, voice: Voice) -> str | None:
    """Return the answers to a message that asks about the assistant and nothing else; None for any other message.

    A question that only the desk can answer, such as what is stored, is not recognised without the desk's text.
    """
    if len(text) > _MAX_CHARACTERS:
        return None
    replies: dict[str, None] = {}
    for sentence in _sentences(text):
        asked = _asked(sentence)
        if asked is not None:
            kind, language = asked
            if (reply := voice.about.get(kind) or _default(kind, language, voice.name)) is None:
                return None
            replies[reply] = None
        elif small_talk.reply_to(sentence) is None:
            return None
    return " ".join(replies) or None


def _sentences(text: str) -> Iterator[str]:
    for sentence in _SENTENCES.split(" ".join(text.replace("’", "'").split())):
        if any(map(str.isalnum, sentence)):
            yield sentence.strip(" ,:'\"()-–")


def _asked(sentence: str) -> tuple[AboutAssistant, str] | None:
    """Return the subject of a question about the assistant, and the language of the sentence."""
    bare = _CLOSING.sub("", sentence)
    openings = {sentence, bare, _OPENING.sub("", bare, count=1), _OPENING.sub("", sentence, count=1)}
    for (kind, language), pattern in PATTERNS.items():
        if any(pattern.fullmatch(form) for form in openings):
            return kind, language
    return None


def _default(kind: AboutAssistant, language: str, name: str | None) -> str | None:
    match kind:
        case AboutAssistant.BOT:
            human = translate("If you would like to talk to a human, just say so.", language)
            return f"{_introduction(language, name)} {human}"
        case AboutAssistant.NAME:
            return _introduction(language, name)
        case AboutAssistant.ABILITIES:
            return translate(
                "I answer questions from our help articles and name the article. What I cannot answer goes to a human.",
                language,
            )
        case _:
            return None


def _introduction(language: str, name: str | None) -> str:
    if name:
        return translate("I am {name}, an automated assistant, not a human.", language, name=name)
    return translate("I am an automated assistant, not a human.", language)
