"""Find the surroundings of a customer's words: a greeting, a signature, and text that software adds."""

import re
from collections.abc import Sequence

from worker.reading import phrases
from worker.reading.parts import PartKind

_MAX_SIGNATURE_LINES = 15
_MAX_TAIL_LINES = 40
_MAX_LINE = 400

#: A line with this many words in lower case and an end is a sentence.
_SENTENCE_WORDS = 4

#: Somebody who speaks for themselves, which neither a name nor contact data do.
_SPEAKS = re.compile(r"\b(?:I|I['’]m|I['’]ve|I['’]ll|we|my|me|ich|wir|mir|mein|meine|je|nous|yo|io|ik|eu)\b")


def kinds(lines: Sequence[str], *, begins: bool) -> list[PartKind]:
    """Return the kind of each line of a stretch that is not quoted; `begins` says whether the message begins here.

    The whole is the customer's when nothing else would remain.
    """
    found = [PartKind.WRITTEN] * len(lines)
    _mark_notices(lines, found)
    _mark_tail(lines, found)
    if begins:
        _mark_greeting(lines, found)
    return found


def _mark_greeting(lines: Sequence[str], found: list[PartKind]) -> None:
    first = next((at for at in _written(lines, found) if lines[at].strip()), None)
    if first is not None and len(lines[first]) <= 80 and phrases.GREETING.fullmatch(lines[first].strip()):
        found[first] = PartKind.GREETING


def _mark_notices(lines: Sequence[str], found: list[PartKind]) -> None:
    """Mark warnings at the beginning, and legal notices, device lines and the like from the end on."""
    paragraphs = _paragraphs(lines)
    if len(paragraphs) < 2 and len(lines) < 2:
        return
    for start, end in paragraphs[:1]:
        if len(paragraphs) > 1 and phrases.NOTICE.fullmatch(_joined(lines[start:end])):
            _mark(found, start, end, PartKind.FOOTER)
    for start, end in reversed(paragraphs[1:]):
        text = _joined(lines[start:end])
        if not (_is_notice(text) or (end - start <= 3 and all(map(_is_device, lines[start:end])))):
            break
        _mark(found, start, end, PartKind.FOOTER)
    _mark_last_lines(lines, found)


def _mark_last_lines(lines: Sequence[str], found: list[PartKind]) -> None:
    """Mark device lines that end a paragraph."""
    for at in reversed(_written(lines, found)):
        line = lines[at].strip()
        if not line:
            continue
        if at == 0 or not _is_device(line):
            return
        found[at] = PartKind.FOOTER


def _is_device(line: str) -> bool:
    """Whether a line is what a phone or a mail program adds, and not a sentence that begins like it."""
    said = _no_links(line)
    ends = said.rstrip().endswith((".", "!", "?")) or "?" in said
    return bool(phrases.DEVICE.fullmatch(line)) and (not ends or (len(line.split()) <= 5 and "?" not in said))


def _is_notice(text: str) -> bool:
    text = text.removeprefix("--").strip()
    if "?" in re.sub(r"https?://\S+", "", text):
        return False
    return bool(phrases.NOTICE.fullmatch(text)) or phrases.is_legal(text)


def _mark_tail(lines: Sequence[str], found: list[PartKind]) -> None:
    """Mark the signature: from its delimiter or closing on, or a block of contact data at the end."""
    left = _written(lines, found)
    texts = [at for at in left if lines[at].strip()]
    if not texts:
        return
    for at in texts[1:][-_MAX_TAIL_LINES:]:
        line = lines[at].strip()
        rest = [position for position in left if position > at]
        is_start = phrases.DELIMITER.fullmatch(lines[at]) or (len(line) <= 80 and phrases.CLOSING.fullmatch(line))
        if is_start and _ends_with_signature([lines[position] for position in rest]):
            postscript = next((position for position in rest if phrases.POSTSCRIPT.match(lines[position])), len(lines))
            for position in (at, *rest):
                if position < postscript:
                    found[position] = PartKind.SIGNATURE
            return
    start, end = max((span for span in _paragraphs(lines) if span[0] in left), default=(0, 0))
    block = [line.strip() for line in lines[start:end]]
    before = next((lines[at].strip() for at in reversed(texts) if at < start), "")
    if before and not before.endswith(":") and len(block) >= 2 and _is_contact(block):
        _mark(found, start, end, PartKind.SIGNATURE)


def _is_contact(block: list[str]) -> bool:
    short = all(len(line) <= 120 and "?" not in line for line in block)
    return short and phrases.contact_signs(block) >= 2


def _ends_with_signature(rest: Sequence[str]) -> bool:
    """Whether the lines after a closing can be a name, contact data and nothing that is said."""
    filled = [line for line in rest if line.strip()]
    postscript = next((at for at, line in enumerate(filled) if phrases.POSTSCRIPT.match(line)), len(filled))
    filled = filled[:postscript]
    if len(filled) > _MAX_SIGNATURE_LINES:
        return False
    return not any("?" in _no_links(line) or _is_sentence(line[:_MAX_LINE]) for line in filled)


def _is_sentence(line: str) -> bool:
    words = [word for word in line.split() if word[0].islower() and len(word) > 1]
    ends = line.rstrip().endswith((".", "!", "…")) or _SPEAKS.search(line) is not None
    return len(words) >= _SENTENCE_WORDS and ends


def _no_links(line: str) -> str:
    return re.sub(r"https?://\S+", "", line)


def _written(lines: Sequence[str], found: Sequence[PartKind]) -> list[int]:
    return [at for at in range(len(lines)) if found[at] == PartKind.WRITTEN]


def _mark(found: list[PartKind], start: int, end: int, kind: PartKind) -> None:
    found[start:end] = [kind] * (end - start)


def _joined(lines: Sequence[str]) -> str:
    return " ".join(line.strip() for line in lines)[:3_000]


def _paragraphs(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Return the paragraphs as (first line, line after the last)."""
    found: list[tuple[int, int]] = []
    start = None
    for at, line in enumerate((*lines, "")):
        if line.strip():
            start = at if start is None else start
        elif start is not None:
            found.append((start, at))
            start = None
    return found
