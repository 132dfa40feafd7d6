"""The text of a reply as a channel shows it: greeting, checked answer, sources, signature.

The stored reply keeps the checked text and its citations apart from all this.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from worker.states import CitationStyle, Greets
from worker.store.rows import Reply
from worker.voice.voice import Form

#: A citation; attached to a word, as in `items[0]`, it is none.
_MARK = re.compile(r" ?(?<!\w)\[(\d+)\]")
_CUSTOMER = re.compile(r"[ ,]*\{customer\}")
_MAX_NAME_CHARACTERS = 60


def filled(text: str | None, *, customer: object, assistant: str | None) -> str | None:
    """Return a greeting or a signature with the names in it.

    A name that is not known, or is none, goes with the space before it: "Hello {customer}," is then "Hello,".
    """
    if text is None:
        return None
    name = _name(customer)
    text = text.replace("{customer}", name) if name else _CUSTOMER.sub("", text)
    return text.replace("{assistant}", assistant or "").strip() or None


_NAME_WORD = re.compile(r"[^\W\d_]+(?:[.'’-][^\W\d_]+)*[.'’-]?")
_MAX_NAME_WORDS = 6


def _name(customer: object) -> str:
    """Return a customer's name; empty unless it looks like one, since customers may write what they want there."""
    name = " ".join(str(customer or "").split())
    words = name.split(" ")
    is_name = (
        len(name) <= _MAX_NAME_CHARACTERS and len(words) <= _MAX_NAME_WORDS and all(map(_NAME_WORD.fullmatch, words))
    )
    return name if is_name else ""


def greets(form: Form, *, first: bool) -> bool:
    """Whether a reply begins with the greeting; `first` says that it is the first one of its conversation."""
    return form.greeting is not None and (first or form.greets == Greets.EVERY_REPLY)


def reply_text(reply: Reply) -> str:
    """Return the whole text of a reply as its channel shows it in plain text."""
    content = with_sources(reply.content, reply.citations, reply.citation_style)
    return _joined(reply.greeting, content, reply.signature)


def in_form(
    content: str,
    citations: Sequence[Mapping[str, Any]],
    form: Form,
    *,
    customer: str | None,
    assistant: str | None,
    first: bool,
) -> str:
    """Return the text that a reply with this content would have in a form; `first` as for `greets`."""
    return _joined(
        filled(form.greeting, customer=customer, assistant=assistant) if greets(form, first=first) else None,
        with_sources(content, citations, form.citations),
        filled(form.signature, customer=customer, assistant=assistant),
    )


def _joined(*parts: str | None) -> str:
    return "\n\n".join(filter(None, parts))


def with_sources(
    content: str, citations: Sequence[Mapping[str, Any]], style: CitationStyle = CitationStyle.NUMBERS
) -> str:
    """Return an answer with its sources in a style.

    A source without an address is not listed and its number is removed from the text: nobody could open it. What is in
    brackets and is no citation stays.
    """
    known = {citation["number"] for citation in citations}
    listed = {citation["number"]: citation for citation in citations if citation["url"]}
    numbered = set(listed) if style == CitationStyle.NUMBERS else set()
    removed = known - numbered
    text = _MARK.sub(lambda match: "" if int(match[1]) in removed else match[0], content)
    if style == CitationStyle.NUMBERS:
        lines = [f"[{number}] {citation['title']}: {citation['url']}" for number, citation in sorted(listed.items())]
    elif style == CitationStyle.LINKS:
        pages = {citation["url"].partition("#")[0]: citation["title"] for _, citation in sorted(listed.items())}
        lines = [f"{title}: {url}" for url, title in pages.items()]
    else:
        lines = []
    return _joined(text, "\n".join(lines))
