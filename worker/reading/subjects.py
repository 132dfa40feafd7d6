"""Read a subject together with the body below it."""

import re

from kb import sentences
from worker.reading import phrases

#: What is kept as the text of a message that has none.
NO_TEXT = "(no text)"

_PREFIX = re.compile(
    r"\s*(?:(?:re|aw|antw|sv|fwd?|wg|tr|rv|r|i|odp|pd|enc|res|rif|doorst)\s*(?:\[\d+\])?\s*:|\[[^\]]{1,40}\])\s*", re.I
)

#: Subjects that name no matter.
_EMPTY_WORDS = re.compile(
    r"(?:(?:a |my |eine |une |una |um[a]? |een )?(?:question|help|hello|hi|hey|support|urgent|request|inquiry"
    r"|enquiry|problem"
    r"|issue|contact(?: form| us)?|message|no subject|other|general|ticket"
    r"|frage|anfrage|hilfe|hallo|dringend|kontakt(?:formular)?|nachricht|kein betreff|problem"
    r"|demande|aide|bonjour|contact|sans objet|problème"
    r"|pregunta|consulta|ayuda|hola|contacto|sin asunto|problema"
    r"|domanda|richiesta|aiuto|ciao|contatto|nessun oggetto"
    r"|vraag|hulp|geen onderwerp|probleem"
    r"|pergunta|pedido|ajuda|olá|contacto|sem assunto|dúvida"
    r"|pytanie|pomoc|zapytanie|kontakt|brak tematu))?\W*",
    re.I,
)

#: A body that only points to the subject.
_POINTER = re.compile(
    r"\W*(?:(?:please )?(?:see|as in|as per|like in|cf\.?) (?:the )?(?:subject|title|above)(?: line)?(?: please"
    r"| above)?"
    r"|as above|(?:the )?(?:subject|title) says it(?: all)?|same as (?:the )?(?:subject|title)|subject|n/?t|eom"
    r"|(?:siehe|s\.|vgl\.?|wie im) (?:betreff|oben|titel)|steht im betreff"
    r"|(?:voir|cf\.?|comme (?:dans|en)) (?:l['’])?(?:objet|sujet|titre)"
    r"|(?:ver|véase|lo del?|como en el) (?:el )?(?:asunto|título)"
    r"|(?:vedi|come da|come in) (?:l['’])?(?:oggetto|titolo)"
    r"|zie (?:het |de )?(?:onderwerp|titel)"
    r"|(?:ver|conforme|como no) (?:o )?(?:assunto|título)"
    r"|(?:jak w|patrz|zob\.|w) (?:temacie|temat|tytule|tytuł))\W*",
    re.I,
)

#: Content words from which on a body names a matter of its own.
_NAMES_MATTER = 3


def bare(subject: str) -> str:
    """Return a subject without `Re:`, `Fwd:` and tags in brackets."""
    left = subject.strip()
    while match := _PREFIX.match(left):
        if match.end() == 0 or not left[match.end() :].strip():
            break
        left = left[match.end() :]
    return left.strip()


def together(subject: str | None, written: str) -> str:
    """Return subject and body as one text: the body, unless it leans on the subject or has nothing itself."""
    title = bare(subject or "")
    body = "" if written.strip() == NO_TEXT or _POINTER.fullmatch(written.strip()) else written.strip()
    if title and not _EMPTY_WORDS.fullmatch(title) and phrases.GREETING.fullmatch(body):
        return title
    if not title or (body and _EMPTY_WORDS.fullmatch(title)):
        return body or written.strip()
    if not body:
        return title
    if _continues(title, body):
        return f"{title.rstrip('. …')} {body.lstrip('. …')}"
    return f"{title}\n{body}" if _leans(body) else body


def _continues(title: str, body: str) -> bool:
    """Whether the body goes on with the subject's sentence."""
    if title.endswith(("...", "…")) or body.startswith(("...", "…")):
        return True
    return title[-1].isalnum() and len(title.split()) >= 3 and body[0].islower() and len(body) <= 300


def _leans(body: str) -> bool:
    """Whether the body names no matter of its own, as in "How do I do that?"."""
    return len(sentences.content(body)) < _NAMES_MATTER and len(body) <= 200
