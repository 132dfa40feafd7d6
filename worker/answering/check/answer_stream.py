"""Send an answer while it is written, sentence by sentence, each as soon as it is found to be supported."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from kb.search import Hit
from worker.answering.check.grounding import Check, Grounded
from worker.answering.check.judge import Doubt
from worker.answering.check.support import Entailment, Similarity
from worker.conversations.outcomes import Citation, Piece

#: Judges doubtful sentences of a draft over its passages; returns the verdicts by sentence, none without an answer.
Judging = Callable[[Sequence[Doubt], Sequence[Hit]], Mapping[Doubt, bool]]

#: Receives the next piece of an answer.
PieceListener = Callable[[Piece], None]


def ignore_piece(_piece: Piece) -> None:
    """Ignore a piece of an answer; a `PieceListener`."""


class AnswerStream:
    """The supported part of one draft, sent while the draft grows.

    A sentence that was sent is final: `finish` returns an answer that begins with it. When another model begins the
    draft anew, the answer is sent anew: its first piece has offset 0.

    Attributes:
        sent: the text of the draft that was sent so far.
        opening: text of our own that is sent before it.
        check_s: seconds that all checks took, without the judge's.
        was_judged: whether a judge decided on sentences of the last draft.
    """

    def __init__(
        self,
        hits: Sequence[Hit],
        *,
        question: str = "",
        avoided: re.Pattern[str] | None = None,
        keeps_pleasantries: bool = False,
        similarity: Similarity | None,
        entailment: Entailment | None = None,
        judge: Judging | None = None,
        say: PieceListener,
        clock: Callable[[], float],
    ) -> None:
        self._hits = hits
        self._question = question
        self._avoided = avoided
        self._keeps_pleasantries = keeps_pleasantries
        self._similarity = similarity
        self._entailment = entailment
        self._judge = judge
        self._say = say
        self._clock = clock
        self.sent = ""
        self.opening = ""
        self.check_s = 0.0
        self.was_judged = False
        self._sent_citations = 0
        self._check = self._new_check()
        self._written = ""

    def write(self, text: str, tool_hits: Sequence[Hit] = ()) -> bool:
        """Take the whole text so far, with the passages that tools returned beside `hits`; a `TextListener`.

        Returns:
            Whether a part of it was sent, and so can no longer be withdrawn.
        """
        text = text.lstrip()
        if not text.startswith(self._written):
            self.restart()
        with self._timed():
            self._check.feed(text[len(self._written) :], [*self._hits, *tool_hits])
        self._written = text
        self._send(self._check.final_content, self._check.citations)
        return bool(self._check.final_content)

    def finish(self, text: str, tool_hits: Sequence[Hit] = ()) -> Grounded | None:
        """Send the rest of the supported sentences and return all; None when they are too few to send."""
        hits = [*self._hits, *tool_hits]
        with self._timed():
            if text != self._written.rstrip():  # its last sentence may have been cut off
                self.restart()
                self._check.feed(text, hits)
            grounded = self._check.finish(hits)
        if self._judge is not None and self._check.doubts:
            verdicts = self._judge(self._check.doubts, hits)
            self.was_judged = bool(verdicts)
            with self._timed():
                self._check = self._new_check(verdicts)
                self._check.feed(text, hits)
                grounded = self._check.finish(hits)
        if grounded is not None:
            self._send(grounded.content, grounded.citations)
        return grounded

    @property
    def already_sent(self) -> list[str]:
        """A note for the human who takes over on what the customer has already received, if anything."""
        return [f"told the customer: {self.sent}"] if self.sent else []

    @property
    def failed(self) -> Sequence[str]:
        """The sentences of the last draft that are not supported."""
        return self._check.failed

    def restart(self) -> None:
        """Forget the draft: the next text is another one."""
        self._check = self._new_check()
        self._written = ""

    def _new_check(self, verdicts: Mapping[Doubt, bool] | None = None) -> Check:
        awaits_judge = self._judge is not None and verdicts is None
        return Check(
            question=self._question,
            avoided=self._avoided,
            keeps_pleasantries=self._keeps_pleasantries,
            similarity=self._similarity,
            entailment=self._entailment,
            awaits_judge=awaits_judge,
            verdicts=verdicts,
        )

    @contextmanager
    def _timed(self) -> Iterator[None]:
        started = self._clock()
        try:
            yield
        finally:
            self.check_s += self._clock() - started

    def _send(self, content: str, citations: Sequence[Citation]) -> None:
        if content and not content.startswith(self.sent):
            self.sent, self._sent_citations = "", 0
        if len(content) <= len(self.sent):
            return
        offset = len(self.sent)
        text, at = (content[offset:], len(self.opening) + offset) if offset else (self.opening + content, 0)
        self._say(Piece(offset=at, text=text, citations=tuple(citations[self._sent_citations :])))
        self.sent, self._sent_citations = content, len(citations)
