"""Answer past tickets in shadow: nothing is stored as a conversation, nothing is sent."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kb.embedding import Embedder
from kb.errors import KnowledgeError
from worker.answering.question import Question
from worker.backtest import closeness, results
from worker.backtest.closeness import Closeness
from worker.backtest.past_tickets import PastTicket
from worker.backtest.results import Result
from worker.backtest.state_file import StateFile
from worker.conversations.outcomes import Answer, Handoff, Outcome, Retry
from worker.errors import AnswerbackError
from worker.reading import automatic
from worker.reading.automatic import Envelope
from worker.reading.message import read
from worker.redaction import Redactor
from worker.states import ReplyKind
from worker.telemetry import logs
from worker.voice.voice import Voice

log = logs.get(__name__)

#: Attempts at a ticket while the model cannot answer, and the longest pause before the next, in seconds.
_MAX_ATTEMPTS = 4
_MAX_PAUSE_S = 20.0

#: The order of tickets is the same in every run of a file.
_SEED = 20


class NoAnswer(AnswerbackError):
    """The model does not answer; what is done is kept."""

    code = "model_silent"


class ShadowAgent(Protocol):
    """Answers questions without effects (`worker.services.shadow`)."""

    @property
    def stopped(self) -> str | None:
        """Why no further model call may be made; None while calls may be made."""
        ...

    def answer(self, question: Question) -> Outcome:
        """Return the outcome of a question."""
        ...


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """A run over past tickets.

    Args:
        agent: answers.
        embedder: compares answers with what humans said.
        voice: that of the workspace.
        deadline_s: seconds that an answer may take.
        redactor: masks personal data in results; None keeps it.
        max_seconds: no ticket is begun after this time.
        clock, pause: seconds of a clock, and a wait of so many.
    """

    agent: ShadowAgent
    embedder: Embedder
    workspace_id: str
    voice: Voice
    deadline_s: float
    redactor: Redactor | None
    max_seconds: float | None = None
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep

    def run(
        self,
        tickets: Sequence[PastTicket],
        state: StateFile,
        *,
        limit: int | None = None,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> str | None:
        """Answer the tickets that are not done yet; return why it stopped early, or None.

        They are taken in an order without rhyme or reason that is the same each time, so that what a limit or a
        budget leaves is a random sample.

        Raises:
            NoAnswer: the model cannot be reached.
            KnowledgeError: nothing can be searched.
        """
        began = self.clock()
        chosen = sample(len(tickets), limit)
        todo = [number for number in chosen if number not in state.done]
        progress(len(chosen) - len(todo), len(chosen))
        for count, number in enumerate(todo, len(chosen) - len(todo) + 1):
            if self.max_seconds is not None and self.clock() - began >= self.max_seconds:
                return f"after {self.max_seconds:g} seconds (--max-seconds)"
            try:
                result = self._result(number, tickets[number], state.run)
            except KeyboardInterrupt:
                return "because it was interrupted"
            if self.agent.stopped is not None:  # what came of it is not what the desk would have got
                return self.agent.stopped
            state.add(result if self.redactor is None else result.redacted(self.redactor))
            progress(count, len(chosen))
        return None

    def _result(self, number: int, ticket: PastTicket, run: str) -> Result:
        reading = read(ticket.question, subject=ticket.subject)
        machine = automatic.detect(reading, Envelope(subject=ticket.subject))
        if machine is not None:
            return results.of_automatic(number, ticket, machine.sign)
        id = f"backtest_{run}_{number}"
        question = Question(
            workspace_id=self.workspace_id,
            conversation_id=id,
            message_id=id,
            content=reading.written,
            quoted=reading.quoted,
            subject=ticket.subject,
            remaining_s=self.deadline_s,
            voice=self.voice,
        )
        began = self.clock()
        try:
            outcome = self._outcome(question)
        except (AnswerbackError, KnowledgeError):
            raise
        except Exception as error:  # a bug that one ticket shows must not end the run
            log.exception("ticket_failed", location=ticket.location)
            return results.of_failure(number, ticket, f"{type(error).__name__}: {error}"[:300])
        human = read(ticket.reply).written or ticket.reply
        answered = outcome.content if isinstance(outcome, Answer) and outcome.kind == ReplyKind.ANSWER else None
        return results.of_outcome(
            number,
            ticket,
            outcome,
            human=human,
            closeness=None if answered is None else self._closeness(answered, human),
            seconds=round(self.clock() - began, 3),
        )

    def _closeness(self, answer: str, human: str) -> Closeness:
        """Compare masked texts where personal data is masked: a phone number is a number too, and would be named."""
        mask = self.redactor.mask if self.redactor is not None else str
        return closeness.compare(mask(answer), mask(human), self.embedder)

    def _outcome(self, question: Question) -> Answer | Handoff:
        """Return how a question ends, after a few attempts if the model cannot answer at once."""
        why = ""
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            outcome = self.agent.answer(question)
            if not isinstance(outcome, Retry):
                return outcome
            why = str(outcome.error.get("message", "The model does not answer."))
            if attempt < _MAX_ATTEMPTS and self.agent.stopped is None:
                self.pause(min(_MAX_PAUSE_S, outcome.after_s or 2.0**attempt))
        raise NoAnswer(f"{why} What is done is kept: give the command again to go on.")


def sample(count: int, limit: int | None) -> list[int]:
    """Return the numbers of the tickets to answer, in their order: a greater limit adds to those of a smaller one."""
    numbers = list(range(count))
    random.Random(_SEED).shuffle(numbers)  # noqa: S311 - a sample, no secret
    return numbers[:limit]
