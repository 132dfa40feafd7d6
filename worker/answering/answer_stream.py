"""An answer that is said while it is written, sentence by sentence, each as soon as it is known to be supported."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from kb.search import Hit
from worker.answering.grounding import Check, Grounded, Nearness
from worker.conversations.outcomes import Citation, Piece

#: Tells whoever listens the next piece of an answer.
Say = Callable[[Piece], None]


def to_nobody(_piece: Piece) -> None:
    """Take a piece of an answer that nobody listens to."""


class Speech:
    """What is said of one draft.

    A sentence that was said stays: `finish` returns an answer that begins with it. Only a draft that is begun anew, by
    another model, is said anew: its first piece has the offset 0. `said` is what was, and `spent_s` the time that all
    checks took.
    """

    def __init__(
        self, hits: Sequence[Hit], *, similarity: Nearness | None, say: Say, clock: Callable[[], float]
    ) -> None:
        self._hits = hits
        self._nearness = similarity
        self._say = say
        self._clock = clock
        self.said = ""
        self.spent_s = 0.0
        self._cited = 0
        self._check = Check(similarity=similarity)
        self._written = ""

    def write(self, text: str, more: Sequence[Hit] = ()) -> bool:
        """Take all that is written so far, with the passages that were given beside `hits`.

        Returns:
            Whether any of it was said, and so must stay.
        """
        text = text.lstrip()
        if not text.startswith(self._written):
            self._begin()
        with self._timed():
            self._check.feed(text[len(self._written) :], [*self._hits, *more])
        self._written = text
        self._tell(self._check.said, self._check.citations)
        return bool(self._check.said)

    def finish(self, text: str, more: Sequence[Hit] = ()) -> Grounded | None:
        """Say the rest of what a draft's passages support, and return it all; None when that is too little to send."""
        hits = [*self._hits, *more]
        with self._timed():
            if text != self._written.rstrip():  # perhaps it was cut
                self._begin()
                self._check.feed(text, hits)
            grounded = self._check.finish(hits)
        if grounded is not None:
            self._tell(grounded.content, grounded.citations)
        return grounded

    def _begin(self) -> None:
        self._check = Check(similarity=self._nearness)
        self._written = ""

    @contextmanager
    def _timed(self) -> Iterator[None]:
        began = self._clock()
        try:
            yield
        finally:
            self.spent_s += self._clock() - began

    def _tell(self, content: str, citations: Sequence[Citation]) -> None:
        if content and not content.startswith(self.said):
            self.said, self._cited = "", 0
        if len(content) <= len(self.said):
            return
        offset = len(self.said)
        self._say(Piece(offset=offset, text=content[offset:], citations=tuple(citations[self._cited :])))
        self.said, self._cited = content, len(citations)
