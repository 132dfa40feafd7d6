"""Headers of ids and addresses, folded between these.

Python's own policy encodes what is longer than a line (`In-Reply-To: =?utf-8?q?=3CAM0PR04…?=`), which no mail program
takes for the id or the address that it is.
"""

from collections.abc import Iterable
from email.policy import EmailPolicy
from typing import Any

#: Headers whose values are ASCII already, and lose their meaning when they are encoded once more.
_ASCII = ("from", "to", "cc", "reply-to", "message-id", "in-reply-to", "references")

#: Characters of a line, where there is a space to fold it at.
_LINE = 78

#: Characters of an id: RFC 5322 allows 998 in a line. And of all ids of a header, which many servers limit.
_MAX_ID = 900
_MAX_IDS = 8_000


class _Policy(EmailPolicy):
    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """Keep a value as it is, in one line."""
        if name.lower() not in _ASCII:
            return super().header_store_parse(name, value)
        return name, " ".join(str(value).split())

    def fold(self, name: str, value: Any) -> str:
        """Return the lines of a header."""
        return self._lines(name, value) if name.lower() in _ASCII else super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return the lines of a header as they are sent."""
        return self._lines(name, value).encode("ascii") if name.lower() in _ASCII else super().fold_binary(name, value)

    def _lines(self, name: str, value: str) -> str:
        lines = [f"{name}:"]
        for part in value.split():
            if len(lines[-1]) + 1 + len(part) > _LINE and lines[-1] != f"{name}:":
                lines.append("")
            lines[-1] += f" {part}"
        return self.linesep.join(lines) + self.linesep


#: How the mail of mailboxes is written.
POLICY = _Policy(linesep="\r\n")


def id_list(ids: Iterable[str]) -> str:
    """Return the value of a header of ids, given without brackets; of too many, the first and the last ones.

    Ids that no header can hold are left out: with spaces or characters that are not ASCII, or very long ones.
    """
    kept = [f"<{id}>" for id in ids if 0 < len(id) <= _MAX_ID and id.isascii() and id.isprintable() and " " not in id]
    while len(kept) > 1 and sum(map(len, kept)) + len(kept) > _MAX_IDS:
        del kept[1]
    return " ".join(kept)
