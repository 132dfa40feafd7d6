"""The agent's collaborators: searches, and a language model that rewrites and revises."""

from collections.abc import Callable, Sequence
from typing import Protocol

from kb.filters import Filters
from kb.search import Found, Hit
from worker.answering.question import Draft, Question, TextListener
from worker.conversations.attachments import Attached


class KnowledgeSearch(Protocol):
    """Finds passages in a workspace's knowledge base."""

    def search(self, workspace_id: str, query: str, *, limit: int, filters: Filters | None = None) -> Found:
        """Return at most `limit` passages of the active snapshot, best first."""
        ...


class AttachmentSearch(Protocol):
    """Finds passages in the files that came with a question."""

    def search(self, query: str, files: Sequence[Attached]) -> list[Hit]:
        """Return the most similar passages, best first."""
        ...


class QuestionRewriter(Protocol):
    """Names the questions of a message, each clear without the turns before it (`LlmAnswerer.rewrite`)."""

    def __call__(self, question: Question, *, revoked: Callable[[], bool]) -> Sequence[str]:
        """Return the questions in their order; one for most messages.

        Raises:
            ModelError, BudgetSpent: they cannot be named now.
        """
        ...


class DraftReviser(Protocol):
    """Writes a draft again, told which of its sentences are not supported (`LlmAnswerer.revise`)."""

    def __call__(
        self,
        question: Question,
        hits: Sequence[Hit],
        *,
        draft: str,
        failed: Sequence[str],
        revoked: Callable[[], bool],
        on_text: TextListener,
    ) -> Draft:
        """Return the new draft.

        Raises:
            ModelError, BudgetSpent: it cannot be written now.
        """
        ...
