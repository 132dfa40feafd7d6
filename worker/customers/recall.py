"""Choose the memories of a customer that help with a question: by relevance, importance and age."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kb import sentences

#: Memories that the answerer is given at most.
MAX_RECALLED = 10

#: The weight of each term of a score; they add up to 1, and so does the highest score.
RELEVANCE_WEIGHT = 0.5
IMPORTANCE_WEIGHT = 0.3
RECENCY_WEIGHT = 0.2

#: After this many days a memory's recency has halved.
HALF_LIFE_DAYS = 30.0

#: Returns the cosine of the vectors of two texts, -1 to 1.
Similarity = Callable[[str, str], float]


@dataclass(frozen=True, kw_only=True)
class Memory:
    """A fact about a customer; `importance` is 0 to 1, `age_days` the time since it was last written."""

    name: str
    value: str
    importance: float
    age_days: float

    @property
    def text(self) -> str:
        """The fact as the answerer reads it."""
        return f"{self.name.replace('_', ' ')}: {self.value}"


def recall(
    memories: Sequence[Memory], question: str, *, limit: int = MAX_RECALLED, similarity: Similarity | None = None
) -> list[Memory]:
    """Return at most `limit` memories, the highest score first; of equal scores, in alphabetical order.

    See `score` for the formula. Without `similarity` relevance is lexical.
    """
    ranked = sorted(memories, key=lambda memory: (-score(memory, question, similarity=similarity), memory.name))
    return ranked[:limit]


def score(memory: Memory, question: str, *, similarity: Similarity | None = None) -> float:
    """Return the score of a memory for a question, 0 to 1.

    score = 0.5 · relevance + 0.3 · importance + 0.2 · recency

    relevance: the cosine of the memory and the question, at least 0; without an embedding model the share of the
    memory's content words (stems) that the question has.
    recency: 0.5 ^ (age_days / 30).

    A weighted sum of the three, as in Park et al. 2023, "Generative Agents".
    """
    recency: float = 0.5 ** (max(0.0, memory.age_days) / HALF_LIFE_DAYS)
    return (
        RELEVANCE_WEIGHT * _relevance(memory.text, question, similarity)
        + IMPORTANCE_WEIGHT * memory.importance
        + RECENCY_WEIGHT * recency
    )


def _relevance(text: str, question: str, similarity: Similarity | None) -> float:
    if similarity is not None:
        return min(1.0, max(0.0, similarity(text, question)))
    words = sentences.content(text)
    words_of_question = sentences.content(question)
    return float(len(words & words_of_question) / len(words)) if words else 0.0
