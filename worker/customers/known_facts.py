"""Facts about a customer that help to answer a question."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from worker.customers.identity import customer_of
from worker.customers.memories import Memories
from worker.customers.recall import Similarity


def no_facts(_workspace_id: str, _requester: Mapping[str, Any], _question: str) -> Mapping[str, str]:
    """Return nothing: the extractive answerer uses no memories."""
    return {}


@dataclass(frozen=True, kw_only=True)
class KnownFacts:
    """Recalls memories. `similarity` is asked at each recall: it is None while only words can be compared."""

    memories: Memories
    similarity: Callable[[], Similarity | None]

    def __call__(self, workspace_id: str, requester: Mapping[str, Any], question: str) -> Mapping[str, str]:
        """Return the memories of a customer that help with a question, by name; none of an unknown customer."""
        customer = customer_of(requester)
        if customer is None:
            return {}
        return self.memories.recall(workspace_id, customer, question, similarity=self.similarity())
