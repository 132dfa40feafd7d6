"""Read whether a customer's message confirms or refuses what they were asked."""

import re

_YES = frozenset(
    "yes yep yeah yup y sure ok okay confirm confirmed confirming correct absolutely definitely certainly 👍"
    " ja jawohl gerne bestätige oui volontiers confirme sí si claro vale confirmo sì certo confermo jazeker graag"
    " akkoord bevestig sim tak zgoda potwierdzam oczywiście jasne".split()
)
_NO = frozenset("no nope n nein nicht non nah stop nee neen não nao nie".split())
_FILLERS = frozenset(
    "please do go ahead it that this i of course bitte gern s'il vous plaît por favor d'accord my me for the a an"
    " thanks thank you danke merci gracias ich es das je le la lo per favore pure grazie ik dat het alstublieft bedankt"
    " dank u obrigado obrigada proszę dziękuję dzięki to bien sûr".split()
)
_THANKS = frozenset("thanks thank danke merci gracias grazie bedankt dank obrigado obrigada dziękuję dzięki".split())

#: Also used as an acknowledgement, so they confirm nothing next to thanks: "ok, thanks".
_WEAK_YES = frozenset("ok okay vale si".split())

#: A longer message that begins with a negation says more than no, so it is not read as an answer.
_MAX_NO_WORDS = 6


def parse_confirmation(text: str, *, asked: str = "") -> bool | None:
    """Return True for a yes to the question `asked`, False for a no, None for any other message.

    A yes consists of words of consent, of courtesy and of the question itself: "yes, cancel order 1002" counts when
    1002 was asked about, "ok, never mind" does not.
    """
    words = re.findall(r"[\w'’]+|👍", text.lower().replace("’", "'"))
    if not words or "?" in text:
        return None
    distinct = set(words)
    if words[0] in _NO or words[:2] in (["don't"], ["do", "not"]) or words[0] == "don't":
        is_plain_no = not (distinct & _YES or len(words) > _MAX_NO_WORDS or {"ahead", "problem"} & distinct)
        return False if is_plain_no else None
    known = _YES | _FILLERS | set(re.findall(r"[\w'’]+", asked.lower().replace("’", "'")))
    consents = distinct & _YES or words[-2:] in (["go", "ahead"], ["do", "it"]) or words == ["please", "do"]
    is_only_thanks = distinct & _THANKS and not distinct & (_YES - _WEAK_YES)
    return True if consents and not distinct - known and not is_only_thanks else None
