"""The learned part of the support check: how likely it is that a premise supports a claim.

A small cross-encoder reads the claim with the sentences of the premise that bear most on it. What facts decide is not
its part (`fact_check`). training/support/README.md is the model card.
"""

from collections.abc import Collection
from pathlib import Path

from kb.errors import KnowledgeError
from worker.answering.check import cross_encoder, evidence, signals
from worker.answering.check.cross_encoder import Calibration, CrossEncoder
from worker.answering.check.support import Entailment
from worker.telemetry import logs

log = logs.get(__name__)

#: Words of a claim that are read; a sentence rarely has more.
_MAX_CLAIM_WORDS = 60


class SupportModel:
    """Scores pairs of premise and claim. Safe to share between threads; load it after a fork, never before.

    Called with a premise, a claim and a question it is an `Entailment`.

    Attributes:
        languages: ISO 639-1 codes of the languages that it reads.
    """

    def __init__(
        self, encoder: CrossEncoder, *, calibration: Calibration, languages: Collection[str] = ("en",)
    ) -> None:
        self._encoder = encoder
        self._calibration = calibration
        self.languages = frozenset(languages)

    @property
    def threshold(self) -> float:
        """The probability from which a claim of a public pair counts as supported."""
        return self._calibration.threshold

    @classmethod
    def load(cls, folder: Path | None = None, *, languages: Collection[str] = ("en",)) -> "SupportModel":
        """Load the model in `folder`; without one, the model that ships with the project.

        Raises:
            ModelMissing: there is no model in the folder.
            ModelInvalid: the manifest cannot be read, or a file does not have the checksum that it states.
        """
        encoder, calibration = cross_encoder.load(folder or cross_encoder.shipped("support"))
        return cls(encoder, calibration=calibration, languages=languages)

    def __call__(self, premise: str, claim: str, question: str) -> float:
        """Return `probability`."""
        return self.probability(premise, claim, question)

    def probability(self, premise: str, claim: str, question: str = "") -> float:
        """Return the probability that the premise supports the claim, 0 to 1.

        `question` is what the claim answers; what a short or elliptic claim says depends on it.
        """
        beside = signals.weighed(self._calibration.weights, premise, claim)
        return self._calibration.probability(self.logit(premise, claim, question), signals=beside)

    def logit(self, premise: str, claim: str, question: str = "") -> float:
        """Return the cross-encoder's logit for one pair, without calibration."""
        return self._encoder.logit(*texts(premise, claim, question))


def load_entailment(folder: Path | None = None, *, languages: Collection[str] = ("en",)) -> Entailment | None:
    """Load the support model for the check, that in `folder` or the one that ships with the project.

    Where the one in the folder cannot be used, the shipped one is loaded; without any, words decide.
    """
    shipped: tuple[Path | None, Collection[str]] = (None, ("en",))
    for chosen, read in (shipped,) if folder is None else ((folder, languages), shipped):
        try:
            return SupportModel.load(chosen, languages=read)
        except KnowledgeError as error:
            log.warning("support_model_not_loaded", cause=str(error))
    return None


def texts(premise: str, claim: str, question: str = "") -> tuple[str, str]:
    """Return the two texts that the cross-encoder reads: the evidence and the claim.

    The question only helps to choose the evidence: where it was read, sentences of drafts were told apart worse.
    """
    return evidence.select(claim, premise, question=question), " ".join(claim.split()[:_MAX_CLAIM_WORDS])
