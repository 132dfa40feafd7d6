"""The parts of a message as a person reads it."""

from dataclasses import dataclass
from enum import StrEnum


class PartKind(StrEnum):
    """The kind of a part of a message.

    `footer` is what software or a company adds: device lines, legal notices, warnings, links to unsubscribe.
    """

    GREETING = "greeting"
    WRITTEN = "written"
    QUOTED = "quoted"
    SIGNATURE = "signature"
    FOOTER = "footer"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A stretch of a message in one kind, without blank lines around it."""

    kind: PartKind
    text: str


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A message that was read.

    Attributes:
        written: what the customer wrote now, with the subject where the message leans on it; never empty unless the
            message is.
        parts: all of the message, in its order.
    """

    written: str
    parts: tuple[Part, ...]

    @property
    def cut(self) -> tuple[Part, ...]:
        """The parts that are not taken as the customer's words."""
        return tuple(part for part in self.parts if part.kind != PartKind.WRITTEN)

    @property
    def own_text(self) -> str:
        """The customer's words as they stand in the message; all that was written when the message has none."""
        own = [part.text for part in self.parts if part.kind == PartKind.WRITTEN]
        return "\n\n".join(own) or self.written

    @property
    def quoted(self) -> str:
        """The quoted text as context: each line marked with `>`, with answers that stand between; empty without any."""
        kinds = [part.kind for part in self.parts if part.kind in (PartKind.WRITTEN, PartKind.QUOTED)]
        if PartKind.QUOTED not in kinds:
            return ""
        first, last = kinds.index(PartKind.QUOTED), len(kinds) - 1 - kinds[::-1].index(PartKind.QUOTED)
        inline = PartKind.WRITTEN in kinds[first:last]
        lines = [
            _marked(part.text) if part.kind == PartKind.QUOTED else part.text
            for part in self.parts
            if part.kind == PartKind.QUOTED or (inline and part.kind == PartKind.WRITTEN)
        ]
        return "\n".join(lines)


def _marked(text: str) -> str:
    return "\n".join(line if line.lstrip().startswith(">") else f"> {line}".rstrip() for line in text.split("\n"))
