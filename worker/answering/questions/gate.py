"""The gate: whether anything was found that an answer could be based on."""

from dataclasses import dataclass

from kb.relevance import Scale


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Lets a message pass when what was found for it is relevant enough (docs/decisions/0039-gate.md).

    Attributes:
        coverage: share of the questions that the knowledge base answers that pass, 0 to 1.
        risk: highest probability that the knowledge base has nothing on a message that passes; 1 for any.
    """

    coverage: float = 0.995
    risk: float = 1.0

    def least(self, scale: Scale) -> float:
        """Return the least relevance that passes, in a knowledge base that is searched with this scale."""
        return max(scale.least(self.coverage), 1.0 - self.risk)

    def admits(self, relevance: float, scale: Scale) -> bool:
        """Whether a message of this relevance passes."""
        return relevance >= self.least(scale)


#: Lets everything pass.
OPEN = Gate(coverage=1.0)
