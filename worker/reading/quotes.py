"""Find the text that a message quotes: marked lines, and all that follows the header of an earlier message.

The rules are in terms of lines and need time in proportion to their number. A line that only looks like a header
is the customer's: a header of fields needs a subject or an address, and an attribution ends with a colon.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MAX_LINE = 400
_MAX_ATTRIBUTION = 300
_MAX_FIELD = 200

#: "On … wrote:" by Gmail, Apple Mail, Thunderbird, Yahoo, Outlook for Mac and Proton, with one to three lines joined.
_ATTRIBUTION = re.compile(
    r"""(?:
      on\b.{4,220}\bwrote
    | in\ a\ message\ dated\b.{4,220}\bwrites
    | am\b.{4,220}\b(?:schrieb\b.{0,150}|geschrieben)
    | le\b.{4,220}\ba\ écrit
    | el\b.{4,220}\bescribió
    | il\b.{4,220}\bha\ scritto
    | op\b.{4,220}\b(?:schreef\b.{0,150}|geschreven)
    | (?:em|às|a|no\ dia)\b.{4,220}\bescreveu
    | (?:w\ dniu|dnia)\b.{4,220}\b(?:napisał(?:a|\(a\))?|pisze)
    | [^:]{2,40}\bo\ \d{1,2}:\d{2}\b.{1,180}\bnapisał(?:a|\(a\))?
    | wiadomość\ napisana\ przez\b.{4,220}
    )\s*:""",
    re.I | re.X,
)
_BEGINS_ATTRIBUTION = re.compile(
    r"(?:on|in a message dated|am|le|el|il|op|em|às|a|no dia|w dniu|dnia|wiadomość napisana przez)\b"
    r"|\S{2,12}\.?,? \d{1,2}\b",
    re.I,
)
_TIME = re.compile(r"\d{1,2}\s?[:.h]\s?\d{2}|\d{4}|@")

#: The fields of a header, by what they say.
_FIELDS = {
    "from": "from|von|de|da|van|od",
    "sent": "sent|date|gesendet(?: am)?|datum|envoyé(?: le)?|date d'envoi|enviado(?: el|a? em)?|enviada em"
    "|fecha|inviato"
    "|data|verzonden|wysłano|wysłane",
    "to": "to|an|à|para|a|aan|do",
    "cc": "cc|bcc|kopie|copie|dw|kopia|reply-to|antwort an|importance|wichtigkeit|priorität",
    "subject": "subject|betreff|objet|asunto|oggetto|onderwerp|assunto|temat",
}
_FIELD = re.compile(
    r"\s*\*?(?:" + "|".join(f"(?P<{name}>{words})" for name, words in _FIELDS.items()) + r")\s?:\s?\*?\s*(?P<value>.*)",
    re.I,
)
_MAX_HEADER_LINES = 20

_WORDS = (
    r"original message|originalnachricht|ursprüngliche nachricht|message d['’]origine|message original|mensaje original"
    r"|messaggio originale|oorspronkelijk bericht|mensagem original|oryginalna wiadomość|wiadomość oryginalna"
    r"|forwarded message|weitergeleitete nachricht|message transféré|mensaje reenviado|messaggio inoltrato"
    r"|doorgestuurd bericht|mensagem encaminhada|przekazana wiadomość"
)
_SEPARATOR = re.compile(
    rf"\s*(?:[-–—_*=#]{{2,60}}\s*(?:{_WORDS})\s*:?\s*[-–—_*=#]{{2,60}}"
    r"|begin forwarded message:|anfang der weitergeleiteten nachricht:|début du message (?:transféré|réexpédié) ?:"
    r"|inicio del mensaje reenviado:|inizio messaggio inoltrato:|begin doorgestuurd bericht:"
    r"|início da mensagem (?:encaminhada|reenviada):|początek przekazanej wiadomości:"
    r"|[-#]{2,}\s*.{0,60}\b(?:above this line|oberhalb dieser (?:zeile|linie)|au-dessus de cette ligne"
    r"|(?:por )?encima de esta línea|sopra questa (?:riga|linea)|boven deze (?:regel|lijn)|acima desta linha"
    r"|powyżej tej linii)\b.{0,20})\s*",
    re.I,
)
_RULE = re.compile(r"\s*(?:_{10,}|-{20,})\s*")
_MARK = re.compile(r"\s{0,3}>")
_LEADING = re.compile(r"\s{0,3}(?:>\s?)+")


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Consecutive lines of a message, `start` to `end`, that are quoted or the customer's."""

    start: int
    end: int
    quoted: bool


def stretches(lines: Sequence[str]) -> list[Stretch]:
    """Return the lines in stretches, in order and without a gap."""
    attributed = any(_attribution_at(lines, at) for at in range(len(lines)))
    found: list[Stretch] = []
    at = 0
    while at < len(lines):
        length, quoted = _stretch_at(lines, at, attributed=attributed)
        if found and found[-1].quoted == quoted:
            found[-1] = Stretch(start=found[-1].start, end=at + length, quoted=quoted)
        else:
            found.append(Stretch(start=at, end=at + length, quoted=quoted))
        at += length
    return found


def without_header(lines: Sequence[str]) -> list[str]:
    """Return quoted lines without their marks, and without the header or attribution that they begin with."""
    bare = [_LEADING.sub("", line) for line in lines]
    at = 0
    while at < len(bare):
        length = _attribution_at(bare, at) or _header_at(bare, at)[0]
        if not length and bare[at].strip() and not _SEPARATOR.fullmatch(bare[at]) and not _RULE.fullmatch(bare[at]):
            return bare[at:]
        at += length or 1
    return []


def _stretch_at(lines: Sequence[str], at: int, *, attributed: bool) -> tuple[int, bool]:
    """Return the number of lines, from `at` on, that are surely of one kind, and whether they are quoted."""
    rest = len(lines) - at
    line = lines[at]
    if not line.strip():
        return 1, False
    if _SEPARATOR.fullmatch(line[:_MAX_LINE]):
        return rest, True
    if _RULE.fullmatch(line[:_MAX_LINE]) and _header_at(lines, _next_text(lines, at + 1))[0]:
        return rest, True
    header, fields = _header_at(lines, at)
    if header:
        return rest, True
    if length := _attribution_at(lines, at):
        follows = _next_text(lines, at + length)
        is_marked = follows < len(lines) and _MARK.match(lines[follows])
        return (follows - at + _marked_length(lines, follows), True) if is_marked else (rest, True)
    if _MARK.match(line):
        length = _marked_length(lines, at)
        return length, attributed or _looks_quoted(lines[at : at + length])
    return max(1, fields), False


def _next_text(lines: Sequence[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def _marked_length(lines: Sequence[str], at: int) -> int:
    """Return the number of lines with a mark from `at` on, with blank lines between them."""
    end = at
    while (follows := _next_text(lines, end)) < len(lines) and _MARK.match(lines[follows]):
        end = follows + 1
    return end - at


def _looks_quoted(lines: Sequence[str]) -> bool:
    """Whether marked lines without an attribution are quoted text, and not what a terminal shows or "> 100 euros"."""
    if any(
        _attribution_at([_LEADING.sub("", line) for line in lines[at : at + 3]], 0)
        for at in range(min(len(lines), _MAX_HEADER_LINES))
    ):
        return True
    texts = [_LEADING.sub("", line).strip() for line in lines]
    if any(re.match(r"\s{0,3}>\s?>", line) for line in lines):
        return True
    filled = [text for text in texts if text]
    return len(filled) >= 2 and (len(filled) < len(texts) or sum(map(len, filled)) / len(filled) > 30)


def _attribution_at(lines: Sequence[str], at: int) -> int:
    """Return the number of lines of the attribution that begins at `at`, 0 when none does."""
    first = lines[at].strip() if at < len(lines) else ""
    if not first or len(first) > _MAX_ATTRIBUTION or not _BEGINS_ATTRIBUTION.match(first):
        return 0
    joined = ""
    for length, line in enumerate(lines[at : at + 3], 1):
        joined = f"{joined} {line.strip()}".strip()
        if len(joined) > _MAX_ATTRIBUTION or not line.strip():
            return 0
        if joined.endswith(":"):
            return length if _ATTRIBUTION.fullmatch(joined) and _TIME.search(joined) else 0
    return 0


def _header_at(lines: Sequence[str], at: int) -> tuple[int, int]:
    """Return the number of lines of the header that begins at `at`, 0 when none does, and of those that were read."""
    if at >= len(lines) or not _FIELD.match(lines[at][:_MAX_FIELD]):
        return 0, 0
    found: dict[str, str] = {}
    last = at
    for position in range(at, min(len(lines), at + _MAX_HEADER_LINES)):
        match = _FIELD.match(lines[position][:_MAX_FIELD])
        if match is not None:
            name = next(name for name in _FIELDS if match[name] is not None)
            found.setdefault(name, match["value"])
            last = position
        elif position - last > 2 or (not lines[position].strip() and "subject" in found and len(found) >= 3):
            break
    is_sent = "@" in found.get("from", "") or "@" in found.get("to", "") or _TIME.search(found.get("sent", ""))
    is_whole = {"from", "sent", "to", "subject"} <= found.keys()
    is_header = len(found) >= 3 and "from" in found and bool(is_sent or is_whole)
    length = last + 1 - at
    return (length, length) if is_header else (0, length)
