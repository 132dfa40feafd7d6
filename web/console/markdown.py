"""Render the Markdown of answers and of agents' replies as safe HTML."""

import re
from collections.abc import Collection
from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup

_TAG_OR_CITATION = re.compile(r"(<[^>]*>)|\[(\d{1,4})\]")


@cache
def _parser() -> MarkdownIt:
    """Return a parser that shows HTML as text, refuses links that run scripts, and loads no pictures."""
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
    return parser.disable(["image", "heading", "lheading"])


def rendered(text: str) -> Markup:
    """Return Markdown as HTML; what is HTML in it is shown as it is written."""
    html = _parser().render(text)
    return Markup(html.replace("<a href=", '<a rel="noreferrer noopener" target="_blank" href='))  # noqa: S704


def rendered_answer(text: str, *, message_id: str, numbers: Collection[int]) -> Markup:
    """Return an answer as HTML whose citations link to the sources below it; `numbers` are those that it has."""

    def linked(match: re.Match[str]) -> str:
        if match[1] is not None or int(match[2]) not in numbers:
            return match[0]
        return f'<a class="mark" href="#source-{message_id}-{match[2]}">[{match[2]}]</a>'

    return Markup(_TAG_OR_CITATION.sub(linked, rendered(text)))  # noqa: S704
