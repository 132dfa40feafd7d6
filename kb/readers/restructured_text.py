"""reStructuredText, by docutils; roles and directives that it does not know count by their text, as with Sphinx."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from kb.errors import DocumentUnreadable
from kb.readers.blocks import Block, counted
from kb.readers.html import read_html

_ROLE = re.compile(r":(?:[a-zA-Z][\w.+-]*:)+`((?:[^`\\]|\\.)+)`")
_TARGET = re.compile(r"^(.+?)\s*<[^<>]+>$", re.S)
_DIRECTIVE = re.compile(r"^(\s*)\.\. ([\w:+.-]+)::[ \t]*(.*)$")
_OPTION = re.compile(r"^\s*:[\w-]+:( |$)")

#: Directives whose content is another file, or is not shown.
_UNREAD = frozenset(
    ("include", "literalinclude", "raw", "csv-table-file", "toctree", "automodule", "autoclass", "bibliography")
)
_NOT_SHOWN = frozenset(("toctree", "index", "meta", "highlight", "contents", "only", "tags"))

_SETTINGS = {
    "report_level": 5,
    "halt_level": 5,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "input_encoding": "unicode",
    "_disable_config": True,
    "initial_header_level": 1,
    "syntax_highlight": "none",
    "embed_stylesheet": False,
    "line_length_limit": 1_000_000,
}


def read_restructured_text(text: str) -> Iterator[Block]:
    """Yield the blocks of a document; files that it includes are left out and counted.

    Raises:
        DocumentUnreadable: it is too deeply nested.
    """
    from docutils.core import publish_parts

    left_out: Counter[str] = Counter()
    source = _ROLE.sub(_label, "\n".join(_known(text.split("\n"), left_out)))
    try:
        page: Any = publish_parts(source, writer="html5", settings_overrides=_SETTINGS)
    except (RecursionError, Exception) as error:  # noqa: BLE001 - whatever odd markup makes the library raise
        raise DocumentUnreadable(f"The reStructuredText cannot be read: {type(error).__name__}.") from None
    yield from read_html(page["html_body"])
    yield from counted(left_out)


def _label(role: re.Match[str]) -> str:
    """Return the text that a role shows: its own, without the target that follows it and without a leading mark."""
    label = _TARGET.sub(r"\1", role.group(1)).lstrip("~!")
    return re.sub(r"([*`|_\\])", r"\\\1", label)


def _known(lines: list[str], left_out: Counter[str]) -> Iterator[str]:
    """Yield lines with unknown directives taken off their content, and without those whose content is elsewhere."""
    skipped: int | None = None  # the indent of a directive that is skipped
    dedents: list[tuple[int, int]] = []  # (indent of a directive that was taken off, of its content)
    options = False
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if not line.strip():
            options = False
            yield ""
            continue
        if skipped is not None and indent > skipped:
            continue
        skipped = None
        if options and _OPTION.match(line):
            continue
        options = False
        while dedents and indent <= dedents[-1][0]:
            dedents.pop()
        moved = sum(3 for _ in dedents)
        found = _DIRECTIVE.match(line)
        if found is None:
            yield line[min(indent, moved) :]
        elif found[2] in _UNREAD | _NOT_SHOWN:
            left_out["unread_parts"] += found[2] not in _NOT_SHOWN
            skipped = indent
        elif _is_known(found[2]):
            yield line[min(indent, moved) :]
        else:
            version = found[2] in ("versionadded", "versionchanged", "deprecated")
            title = found[3] if not version else re.sub(r"^\S+\s*", "", found[3])
            yield from ("", " " * max(0, indent - moved) + title, "") if title else ("",)
            dedents.append((indent, indent + 3))
            options = True


def _is_known(name: str) -> bool:
    from docutils.parsers.rst.directives import _directive_registry  # the library has no public list

    return name in _directive_registry
