"""How likely it is that a text answers a question: a passage of the knowledge base, or an answer that was written.

A small cross-encoder reads the question with the sentences of the text that bear most on it.
training/answers/README.md is the model card.
"""

from pathlib import Path

from kb import sentences
from kb.errors import KnowledgeError, ModelInvalid
from worker.answering.check import cross_encoder, evidence
from worker.answering.check.confidence import AnswerJudge
from worker.answering.check.cross_encoder import Calibration, CrossEncoder
from worker.telemetry import logs

log = logs.get(__name__)

#: Words of a passage, of its title and of a question that are read.
MAX_WORDS = 48
_MAX_TITLE_WORDS = 16
_MAX_QUESTION_WORDS = 80

#: Beside the logit, where a search found the passage: the cosine, and how many content words the question has, up to
#: this many. "And how long does it take?" leans on what was said before, and any article seems to answer it.
COSINE, WORDS = "cosine", "words"
MAX_CONTENT_WORDS = 6


class AnswerModel:
    """Scores pairs of question and passage. Safe to share between threads; load it after a fork, never before."""

    def __init__(self, encoder: CrossEncoder, *, calibration: Calibration, found: Calibration | None = None) -> None:
        """Take the calibration for any text, and that for passages that a search found, if there is one."""
        self._encoder = encoder
        self._calibration = calibration
        self._found = found

    @property
    def threshold(self) -> float:
        """The probability from which a passage counts as an answer in reports."""
        return self._calibration.threshold

    @classmethod
    def load(cls, folder: Path | None = None) -> "AnswerModel":
        """Load the model in `folder`; without one, the model that ships with the project.

        Raises:
            ModelMissing: there is no model in the folder.
            ModelInvalid: the manifest cannot be read, or a file does not have the checksum that it states.
        """
        folder = folder or cross_encoder.shipped("answers")
        encoder, calibration = cross_encoder.load(folder)
        fitted = cross_encoder.manifest_of(folder).get("calibration_of_found")
        try:
            found = Calibration(**fitted) if fitted is not None else None
        except TypeError:
            raise ModelInvalid(f"The manifest of the model in {folder} cannot be read.") from None
        return cls(encoder, calibration=calibration, found=found)

    def probability(self, question: str, passage: str, title: str = "", /, *, cosine: float | None = None) -> float:
        """Return the probability that a passage answers a question, 0 to 1.

        Args:
            question: the customer's question.
            passage: a passage, or an answer that was written.
            title: its title with its headings; what its sentences are about depends on it.
            cosine: that of question and passage in a search, on the scale of the default embedding model.
        """
        logit = self.logit(question, passage, title=title)
        if self._found is None or cosine is None:
            return self._calibration.probability(logit)
        weights = self._found.weights
        beside = weights.get(COSINE, 0.0) * cosine + weights.get(WORDS, 0.0) * content_words(question)
        return self._found.probability(logit, signals=beside)

    def logit(self, question: str, passage: str, title: str = "") -> float:
        """Return the cross-encoder's logit for one pair, without calibration."""
        return self._encoder.logit(*texts(question, passage, title))


def load_answer_judge() -> AnswerJudge | None:
    """Load the model that ships with the project; without a usable one, nothing is known of what answers a question."""
    try:
        model = AnswerModel.load()
    except KnowledgeError as error:
        log.warning("answer_model_not_loaded", cause=str(error))
        return None
    return model.probability


def content_words(question: str) -> int:
    """Return how many words of a question carry its subject, up to `MAX_CONTENT_WORDS`."""
    return min(len(sentences.content(sentences.without_contractions(question))), MAX_CONTENT_WORDS)


def texts(question: str, passage: str, title: str = "") -> tuple[str, str]:
    """Return the two texts that the cross-encoder reads: the title with the evidence, and the question."""
    asked = _shortened(question)
    read = evidence.select(asked, passage, max_words=MAX_WORDS)
    heading = " ".join(title.split()[:_MAX_TITLE_WORDS])
    return f"{heading}: {read}" if heading else read, asked


def _shortened(question: str) -> str:
    """Return a message; of a long one the sentences that ask, and as many of the others as there is room for."""
    if len(question.split()) <= _MAX_QUESTION_WORDS:
        return question
    pieces = [question[start:end] for start, end in sentences.split(question)]
    left, kept = _MAX_QUESTION_WORDS, set()
    for index in sorted(range(len(pieces)), key=lambda number: not pieces[number].endswith("?")):
        if (length := len(pieces[index].split())) <= left:
            kept.add(index)
            left -= length
    if not kept:
        return " ".join(question.split()[:_MAX_QUESTION_WORDS])
    return " ".join(pieces[index] for index in sorted(kept))
