"""Small files after public reports about readers of documents, each with the text that must come out of it.

Each module is a family of formats; a function makes the bytes of one file. `has` are stretches of text in the order in which
they must come out, white space and marks of tables and lists aside; `lacks` must not come out; `counted` is what must be counted
on the document as left out or cleaned. Half of the files are held out: the readers were written without a look at what came
of them.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Reported:
    """A file, what a reader of it must find, and the report that it is made after."""

    name: str
    family: str
    suffix: str
    report: str
    has: tuple[str, ...]
    lacks: tuple[str, ...] = ()
    counted: Mapping[str, int] = field(default_factory=dict)
    make: Callable[[], bytes]

    @property
    def held_out(self) -> bool:
        """Whether the file belongs to the half that readers were not written on."""
        return zlib.crc32(self.name.encode()) % 2 == 1


_MADE: dict[str, Reported] = {}


def reported(
    suffix: str, report: str, has: Sequence[str], *, lacks: Sequence[str] = (), counted: Mapping[str, int] | None = None
) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    """Register the function below as the maker of a file with this ending."""

    def register(make: Callable[[], bytes]) -> Callable[[], bytes]:
        family = make.__module__.rpartition(".")[2]
        name = f"{family}/{make.__name__}"
        assert name not in _MADE, name
        _MADE[name] = Reported(
            name=name,
            family=family,
            suffix=suffix,
            report=report,
            has=tuple(has),
            lacks=tuple(lacks),
            counted=dict(counted or {}),
            make=make,
        )
        return make

    return register


def all_reported() -> list[Reported]:
    """Return all files, in the order of their families."""
    from tests.support.reported_files import (  # noqa: F401
        books,
        characters,
        charsets,
        data,
        documents,
        mail,
        markup,
        open_documents,
        pdfs,
        rich_text,
        slides,
        spreadsheets,
    )

    return list(_MADE.values())
