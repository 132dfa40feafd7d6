"""Read a message: the one place where it is decided what its writer said now."""

from collections.abc import Sequence

from worker.reading import closings, markup, quotes, subjects
from worker.reading.characters import clean
from worker.reading.parts import Part, PartKind, Reading

#: Lines of a message that are read; what follows is quoted in any message that long.
_MAX_LINES = 4_000


def read(content: str, *, subject: str | None = None) -> Reading:
    """Read a message as a person does, in English, German, French, Spanish, Italian, Dutch, Portuguese and Polish.

    `content` is plain text or HTML. `subject` is that of a conversation's first message, and None for any other.
    """
    lines = text_of(content).split("\n")[:_MAX_LINES]
    parts = _parts(lines)
    own = "\n\n".join(part.text for part in parts if part.kind == PartKind.WRITTEN)
    written = subjects.together(subject, own)
    if not written:
        written = "\n".join(_of_quote(parts)).strip()
    return Reading(written=written, parts=tuple(parts))


def text_of(content: str) -> str:
    """Return all of a message as plain text, whatever was quoted in it or added to it."""
    text = clean(content).replace("\r\n", "\n").replace("\r", "\n")
    return markup.to_text(text) if markup.is_html(text.strip()) else text


def _parts(lines: Sequence[str]) -> list[Part]:
    kinds: list[PartKind] = []
    for stretch in quotes.stretches(lines):
        own = lines[stretch.start : stretch.end]
        begins = PartKind.WRITTEN not in kinds
        kinds += [PartKind.QUOTED] * len(own) if stretch.quoted else closings.kinds(own, begins=begins)
    if not any(kind == PartKind.WRITTEN and line.strip() for kind, line in zip(kinds, lines, strict=True)):
        polite = (PartKind.GREETING, PartKind.SIGNATURE)
        kinds = [PartKind.WRITTEN if kind in polite else kind for kind in kinds]
    return _joined(lines, kinds)


def _joined(lines: Sequence[str], kinds: Sequence[PartKind]) -> list[Part]:
    """Return stretches of one kind as parts; blank lines belong to what they stand in."""
    found: list[tuple[PartKind, list[str]]] = []
    for line, kind in zip(lines, kinds, strict=True):
        if found and (found[-1][0] == kind or not line.strip()):
            found[-1][1].append(line)
        elif line.strip():
            found.append((kind, [line]))
    return [Part(kind=kind, text="\n".join(text).strip("\n").rstrip()) for kind, text in found]


def _of_quote(parts: Sequence[Part]) -> list[str]:
    """Return the words of a message that is nothing but another one, which was forwarded."""
    quoted = [line for part in parts if part.kind == PartKind.QUOTED for line in part.text.split("\n")]
    return quotes.without_header(quoted)
