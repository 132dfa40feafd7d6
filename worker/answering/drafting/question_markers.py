"""The prompt of several questions for a language model, and the markers of those that it cannot answer."""

import re
from collections.abc import Sequence
from dataclasses import replace

from kb.search import Hit
from worker.answering.prompts import NO_ANSWER
from worker.answering.question import Draft, Question, TextListener

_MARKER = re.compile(
    rf"[ \t*`(\[-]*{NO_ANSWER}[ \t:#*`()\[\]-]*(?P<numbers>\d{{1,2}}(?:[ ,#]+\d{{1,2}})*)[*`)\].]*[ \t]*\n?"
)
_BARE = re.compile(rf"(?:^|\n)[ \t*`(\[-]*{NO_ANSWER}[*`)\].]*[ \t]*(?=\n|$)")

#: What models put before an entry of a list, and characters of a question.
_ITEM = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•])\s+")
_MAX_CHARACTERS = 500

#: The end of an unfinished text that may become a marker.
_BEGUN = re.compile(
    rf"[ \t*`(\[-]*(?:{'|'.join(NO_ANSWER[:length] for length in range(len(NO_ANSWER) - 1, 0, -1))}|{NO_ANSWER}[^\n]*)$"
)


def listed(text: str) -> list[str]:
    """Return the questions that a model wrote, one a line, without numbers and bullets."""
    lines = (_ITEM.sub("", line).strip() for line in text.splitlines())
    return [line[:_MAX_CHARACTERS] for line in lines if any(map(str.isalnum, line))]


def without_markers(text: str, *, ended: bool) -> str:
    """Return a draft without its markers, and without what may become one while it has not ended."""
    text = _BARE.sub("", _MARKER.sub("", text))
    return text if ended else _BEGUN.sub("", text)


def hiding(question: Question, on_text: TextListener) -> TextListener:
    """Return a listener that passes a draft on without its markers."""
    if len(question.asks) < 2:
        return on_text

    def listen(text: str, tool_hits: Sequence[Hit] = (), /) -> bool:
        return on_text(without_markers(text, ended=False), tool_hits)

    return listen


def read(question: Question, draft: Draft) -> Draft:
    """Return a model's draft without its markers, with the questions that they name as unanswered."""
    if len(question.asks) < 2 or draft.text is None:
        return draft
    numbers = {
        int(number) for marker in _MARKER.finditer(draft.text) for number in re.findall(r"\d+", marker["numbers"])
    }
    unanswered = tuple(ask for number, ask in enumerate(question.asks, 1) if number in numbers)
    return replace(draft, text=without_markers(draft.text, ended=True).strip() or None, unanswered=unanswered)
