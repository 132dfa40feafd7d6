"""Cut a draft into sentences while it is written, line by line, with the list items that they stand in."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb import sentences
from kb.search import Hit
from worker.answering.check import answer_languages, citations

_MARK = re.compile(r"\s*\[\d{1,3}(?:, ?\d{1,3})*\]")
_ITEM = re.compile(r"\s*(?:\d{1,2}[.)]|[-*•])\s+")
_MARKS_AFTER_STOP = re.compile(r"([.!?])((?:\s*\[\d{1,3}(?:, ?\d{1,3})*\])+)")

#: The marks that end a sentence, and the first whole word of the next one.
_STOPS = (".", "!", "?", "…", "。", "！", "？")
_BEGUN = re.compile(r"(?<!\[)\b[^\W\d]\w*\W")


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A sentence of a draft with its citations.

    Attributes:
        lead: the mark of the list item that it stands in, such as "2. ".
        in_list: whether its line is a list item or is indented below one.
    """

    text: str
    lead: str
    in_list: bool

    @property
    def is_step(self) -> bool:
        """Whether it stands in an item of a numbered list."""
        return self.lead[:1].isdigit()


@dataclass(frozen=True, kw_only=True)
class LineEnd:
    """The end of a line, `blank` if nothing stands in it."""

    blank: bool


#: The parts of a draft in their order.
Part = Sentence | LineEnd


class DraftReader:
    """Reads a draft that grows. A sentence is returned once, as soon as no further text can change it.

    Lines of a list of sources at the end of the draft are left out.
    """

    def __init__(self) -> None:
        self._in_sources = False
        self._line = ""
        self._new_line()

    def read(self, text: str, hits: Sequence[Hit]) -> Iterator[Part]:
        """Yield the parts that are complete with the next text; `hits` are the passages that it may cite so far."""
        lines = (self._line + text).splitlines(keepends=True)
        for line in lines[:-1]:
            self._line = line
            yield from self._end_line(hits)
        self._line = lines[-1] if lines else ""
        if self._line.endswith("\n"):
            yield from self._end_line(hits)
        elif self._may_have_ended(text):
            yield from self._complete(hits, ended=False)

    def rest(self, hits: Sequence[Hit]) -> Iterator[Part]:
        """Yield the remaining sentences at the end of the draft."""
        yield from self._end_line(hits)

    def _end_line(self, hits: Sequence[Hit]) -> Iterator[Part]:
        line = self._line
        if line.strip():
            yield from self._complete(hits, ended=True)
        if line:
            yield LineEnd(blank=not line.strip())
        self._new_line()

    def _new_line(self) -> None:
        self._line = ""
        self._read = 0  # characters of the line that were returned
        self._may_have_stop = False  # whether a sentence may have ended in the rest of it
        self._next_look_at = 0  # the length at which the line is examined again

    def _may_have_ended(self, text: str) -> bool:
        """Whether a sentence may have ended with `text`; long lines are examined less often, which bounds the cost."""
        self._may_have_stop = self._may_have_stop or any(stop in text for stop in _STOPS)
        if (
            not self._may_have_stop
            or len(self._line) < self._next_look_at
            or not any(map(str.isalpha, self._line[-40:]))
        ):
            return False
        self._next_look_at = len(self._line) + (len(self._line) - self._read) // 40
        return True

    def _complete(self, hits: Sequence[Hit], *, ended: bool) -> Iterator[Sentence]:
        """Yield the sentences of the line that were not returned yet; the last one only when the line has ended."""
        line = citations.normalized(self._line)
        if self._is_source(line, hits, ended=ended):
            return
        line = _MARKS_AFTER_STOP.sub(r"\2\1", line)  # as long as before
        item = _ITEM.match(line)
        begin = max(self._read, item.end() if item is not None else 0)
        spans = _with_whole_bold(line, list(sentences.split(line[begin:], offset=begin, language=_language(hits))))
        if not ended:
            # The last one is incomplete. So may be the one before, while a bracket or quotation is open: "(incl. VAT)".
            if not spans or not _BEGUN.search(_MARK.sub("", line[spans[-1][0] :])):
                return
            unfinished = line[begin : spans.pop()[0]]
            if spans and (
                unfinished.count("(") > unfinished.count(")")
                or unfinished.count('"') % 2
                or unfinished.count("“") > unfinished.count("”")
            ):
                return
        lead = item.group().lstrip() if item is not None else ""
        for start, end in spans:
            yield Sentence(text=line[start:end], lead=lead, in_list=item is not None or line[:1].isspace())
            self._read = end
        if spans:
            self._may_have_stop = any(stop in line[self._read :] for stop in _STOPS)
            self._next_look_at = 0

    def _is_source(self, line: str, hits: Sequence[Hit], *, ended: bool) -> bool:
        """Whether a line belongs to a list of sources at the end of the draft."""
        titles = sentences.content(" ".join(" ".join((hit.record.title, *hit.record.headings)) for hit in hits))
        if not ended and self._in_sources:
            return True  # a part of a line is not judged
        if citations.begins_sources(line, titles=titles):
            self._in_sources = ended or self._in_sources
            return True
        self._in_sources = self._in_sources and citations.is_source_entry(line, titles=titles)
        return self._in_sources


def _language(hits: Sequence[Hit]) -> str:
    """Return the language of the passages, which tells where the sentences of a draft end: "1. Mai"."""
    return answer_languages.written_in("\n".join(hit.record.text for hit in hits))


def _with_whole_bold(line: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans of sentences none of which ends within a bold text: "Choose **Forgot password?** there"."""
    whole: list[tuple[int, int]] = []
    for start, end in spans:
        if whole and line.startswith("**", start) and line[slice(*whole[-1])].count("**") % 2:
            first, _ = whole.pop()
            rest = line[start + 2 : end]
            if rest.lstrip()[:1].islower():
                whole.append((first, end))
                continue
            whole.append((first, start + 2))
            start = end - len(rest.lstrip())
            if start == end:
                continue
        whole.append((start, end))
    return whole
