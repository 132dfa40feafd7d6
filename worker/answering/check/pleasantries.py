"""Recognise what a draft says without claiming anything: greetings, thanks, regrets, introductions and closings.

A sentence has to match as a whole, so that nothing hides behind a "sorry": "I'm sorry, and we refund you twice" claims
something.
"""

import re

from kb import sentences
from worker.answering.check import polite_words

#: The end of an expression that names what it is about; without a comma, so that no second clause follows.
_ABOUT = r"(?: (?:for|to|about|that|with|your|you|this|für|pour|por|per|voor|za|de|del|la|las) ?[\w' -]{0,60})?"
_IF = r"(?: (?:if|should|when|whenever|falls|wenn|si) [\w', -]{2,70})?"

#: One expression a line, each with an example, in the languages that the desk answers in.
_EXPRESSIONS: tuple[tuple[str, str], ...] = (
    # greetings
    (
        r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day))(?: [\w-]+){0,2}(?:,? and thank you)?" + _ABOUT,
        "Hi Anna,",
    ),
    (r"(?:hallo|guten (?:tag|morgen|abend)|liebe[rs]?|sehr geehrte[rs]?)(?: [\w-]+){0,3}", "Guten Tag Frau Weber,"),
    (
        r"(?:bonjour|bonsoir|hola|buen[oa]s (?:días|tardes|noches)|ciao|buongiorno)(?: [\w-]+){0,2}",
        "Buenos días Juan,",
    ),
    (
        r"(?:beste|goede(?:n|morgen|middag|navond|dag)*|olá|bom dia|boa tarde|dzień dobry"
        r"|cześć)(?: [\w-]+){0,2}",
        "Bom dia!",
    ),
    # thanks
    (
        r"(?:(?:hi|hello)(?: there)?, )?(?:many |and )?(?:thanks|thank you)(?: so much| very much| a lot)?" + _ABOUT,
        "Thanks for asking!",
    ),
    (r"(?:danke|vielen dank|herzlichen dank|dankeschön)(?: schön)?" + _ABOUT, "Vielen Dank für Ihre Nachricht."),
    (
        r"(?:merci|grazie|gracias|muchas gracias|obrigad[oa])(?: beaucoup| mille)?" + _ABOUT,
        "Merci pour votre message !",
    ),
    (r"(?:bedankt|dank je(?: wel)?|dank u(?: wel)?|dziękuj(?:ę|emy))" + _ABOUT, "Bedankt voor je bericht."),
    # regrets
    (
        r"(?:oh (?:no|dear)[,!]? ?)?(?:(?:i'm|i am|we're|we are|so|very|really) )*sorry" + _ABOUT,
        "I'm sorry to hear that.",
    ),
    (
        r"(?:our |my )?(?:sincere )?apologies" + _ABOUT + r"|(?:i|we) apologi[sz]e" + _ABOUT,
        "We apologise for the wait.",
    ),
    (r"(?:das |es )?tut (?:uns|mir) (?:sehr )?leid(?:, (?:dass|das zu) [\w ]{2,40})?", "Das tut uns leid."),
    (r"(?:(?:je suis|nous sommes) )?désolée?s?" + _ABOUT + r"|lo (?:sentimos|siento)(?: mucho)?", "Lo sentimos."),
    (r"(?:ci|mi) dispiace|het spijt (?:ons|me)|lamentamos" + _ABOUT + "|przepraszamy" + _ABOUT, "Het spijt ons."),
    (
        r"oh (?:no|dear)|that's (?:annoying|frustrating|stressful)(?:, (?:sorry|but we can help))?",
        "That's frustrating, sorry!",
    ),
    # understanding
    (
        r"(?:i|we) (?:completely |fully )?understand(?: (?:that|how|why|your|you'd|this) ?[\w' -]{2,50}"
        r"|, let me explain)?",
        "I understand.",
    ),
    (
        r"(?:i|we) (?:know|see|can see|can imagine) (?:this is|that's|how|why that's"
        r"|why this is) [\w' -]{2,40}",
        "I know this is stressful.",
    ),
    (
        r"no worries|no problem|(?:don't|do not) (?:worry|panic)|not to worry|kein problem|keine sorge"
        r"|pas de souci",
        "No worries.",
    ),
    (r"(?:that|this|it) happens(?: to the best of us| to everyone)?", "That happens to the best of us!"),
    # praise
    (
        r"(?:that's |this is )?(?:a )?(?:great|good|excellent|fair) (?:question|point)|gute frage|(?:bonne"
        r"|buena) (?:question|pregunta)",
        "Good question!",
    ),
    (
        r"how (?:exciting|lovely|nice)|sounds (?:great|good|like a (?:great|good|lovely) \w+)",
        "Sounds like a great trip!",
    ),
    (
        r"(?:good|great|nice|lovely) (?:to hear from you|that you'd like to join us)",
        "Great that you'd like to join us!",
    ),
    # willingness
    (
        r"(?:(?:i'm|we're|i am|we are|i'd be|we'd be) )?(?:happy|glad|pleased) to (?:help|assist|explain"
        r"|clarify|walk)[\w' ]{0,40}",
        "Happy to help!",
    ),
    (r"let(?:'s| me| us) (?:help|explain|walk|clarify|check|look|go|see)[\w' ]{0,50}", "Let me help you with that."),
    (r"gerne|mit vergnügen|avec plaisir|con (?:mucho )?gusto|volentieri|graag gedaan|com prazer", "Gerne!"),
    (r"(?:sure thing|sure|certainly|gladly|of course)(?:[,!] here (?:you go|it is|they are))?", "Sure, here you go:"),
    # introductions
    (
        r"(?:(?:so|okay|ok),? )?here(?:'s| is| are) (?:the |a |some |your )?(?:how|what|why|where|who|steps?"
        r"|details|overview|summary|answer)[\w' -]{0,50}",
        "Here's how it works:",
    ),
    (
        r"(?:a few|some|two|three) (?:things|points|notes)(?: to (?:know|note|keep in mind|remember))?",
        "A few things to know:",
    ),
    (
        r"(?:a )?(?:quick|short) (?:comparison|summary|overview)|in short|to sum up|to summari[sz]e"
        r"|before you do",
        "A quick comparison:",
    ),
    (r"(?:it|that) depends(?: on [\w' -]{2,40})?|both can be solved quickly", "That depends on your return."),
    (
        r"so geht(?:'s| es)|hier (?:sind|ist) [\w ]{2,40}|voici [\w' ]{2,40}|aquí (?:tiene|tienes"
        r"|están) [\w ]{2,40}|ecco [\w ]{2,40}",
        "So geht's:",
    ),
    # offers
    (
        r"(?:please |just |simply )?(?:feel free|(?:don't|do not) hesitate) to [\w ]{2,40}" + _IF,
        "Please don't hesitate to write again.",
    ),
    (
        r"(?:please |just |simply )?(?:let (?:me|us) know|reply (?:here|to this (?:message|e-?mail))"
        r"|write back|reach out)(?: here| again| anytime)?" + _IF,
        "Let me know if you have any other questions!",
    ),
    (
        r"if [\w', -]{4,70}, (?:please |just |simply )?(?:let (?:me|us) know|reply|feel free to|ask"
        r"|don't hesitate to|write)[\w ]{0,30}",
        "If none of these fits, just reply here.",
    ),
    (
        r"(?:is there )?anything else (?:i|we) can (?:help|do)[\w ]{0,30}|(?:do )?you have any (?:other"
        r"|further|more) questions",
        "Is there anything else I can help you with?",
    ),
    (
        r"(?:melden sie sich|melde dich|schreiben sie uns) gerne?(?:, (?:falls|wenn) (?:noch )?fragen offen sind)?",
        "Melden Sie sich gern, falls noch Fragen offen sind.",
    ),
    (
        r"n'hésitez pas à nous écrire",
        "N'hésitez pas à nous écrire.",
    ),
    # hopes
    (r"(?:i |we )?hope (?:this|that|it|you)[\w' ]{0,50}", "I hope this helps!"),
    (
        r"ich hoffe, das hilft(?: ihnen| dir)?(?: weiter)?",
        "Ich hoffe, das hilft.",
    ),
    # closings
    (
        r"(?:best|kind|warm|many|with kind|with best) (?:regards|wishes)|best|cheers|sincerely"
        r"|yours(?: sincerely| truly)?|take care",
        "Best regards,",
    ),
    (
        r"(?:mit )?(?:freundlichen|besten|vielen|viele|liebe|herzliche) grüßen?|cordialement|bien à vous"
        r"|cordiali saluti",
        "Mit freundlichen Grüßen",
    ),
    (
        r"saludos(?: cordiales)?|un saludo|atentamente|met vriendelijke groet(?:en)?|atenciosamente"
        r"|pozdrawiam(?:y)?",
        "Saludos cordiales,",
    ),
    (r"(?:have|enjoy)(?: a)? (?:great|good|nice|lovely|wonderful)[\w ]{0,30}|get well soon", "Have a great day!"),
    (r"(?:einen )?schönen tag(?: noch)?|bonne journée|(?:que tenga un )?buen día|buona giornata", "Bonne journée !"),
    (r"(?:your|the|ihr|dein|votre|su|el|il) [\w ]{0,30}team", "Your support team"),
)
_PLEASANTRY = re.compile("|".join(f"(?:{pattern})" for pattern, _ in _EXPRESSIONS), re.I)
_EDGES = re.compile(r"^[\s*_#>\-–—•\"“¡¿]+|[\s*_.!?…:,;\"”)(]+$")
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d]+\\s*|\\s*[:;]-?\\)$")
_WORD = re.compile(r"[^\W_]")
_FIGURE = re.compile(r"\d|https?:|www\.|@")
_MAX_CHARACTERS = 120

#: A question of so few words asks for nothing that a passage would have to bear out.
_MAX_QUESTION_WORDS = 3

#: Words with which an introduction claims something.
_CLAIMING = sentences.NEGATIONS | frozenset("only always must may can all every any free".split())


def examples() -> list[str]:
    """Return an example of each expression that `is_pleasantry` knows."""
    return [example for _, example in _EXPRESSIONS]


def is_pleasantry(sentence: str) -> bool:
    """Whether a sentence is only polite: a greeting, thanks, a regret, an offer to help or a closing.

    English, German, French, Spanish, Italian, Dutch, Portuguese and Polish; an emoji by itself too. A sentence with a
    number, an address or a link never is.
    """
    if not _WORD.search(sentence):
        return True
    bare = _bare(sentence)
    if len(bare) > _MAX_CHARACTERS or _FIGURE.search(bare):
        return False
    return _PLEASANTRY.fullmatch(bare) is not None or polite_words.claims_nothing(bare)


def may_be_sent(sentence: str) -> bool:
    """Whether a polite sentence has no word beyond those of politeness, so that it can be sent without a source."""
    bare = _bare(sentence)
    return 0 < len(bare) <= _MAX_CHARACTERS and not _FIGURE.search(bare) and polite_words.claims_nothing(bare)


def _bare(sentence: str) -> str:
    """Return a sentence without Markdown, emojis and the marks at its edges, with straight apostrophes."""
    bare = _EMOJI.sub("", sentence.replace("’", "'"))
    return _EDGES.sub("", _EDGES.sub("", bare))


def is_introduction(sentence: str, *, known: frozenset[str]) -> bool:
    """Whether a text only leads to what follows: a heading or "To cancel your order:".

    Args:
        sentence: a line or the part of one, with its Markdown.
        known: stems of the content words of the question and the passages; an introduction has no others.
    """
    text = sentence.strip()
    if text.endswith("?") and len(text.split()) <= _MAX_QUESTION_WORDS and not _FIGURE.search(text):
        return True  # "Still missing?"
    bold = text.rstrip(": ")
    is_heading = text.startswith("#") or (text.startswith("**") and bold.endswith("**") and text.count("**") == 2)
    if not (is_heading or text.rstrip("*_ ").endswith(":")) or _FIGURE.search(text):
        return False
    if not is_heading and _CLAIMING & set(sentences.words(text)):
        return False  # "Orders cannot be cancelled:"
    return sentences.content(text) <= known
