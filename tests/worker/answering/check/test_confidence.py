from worker.answering.check.confidence import with_confidence
from worker.answering.question import Asked, Draft, Question
from worker.conversations.outcomes import Answer, Citation

CITATION = Citation(number=1, document_id="d", title="Returns", url=None, quote="3.90", start=0, end=4)
DRAFT = Draft(text="It costs €3.90 [1].")


def answer(content: str = "It costs €3.90 [1].", **fields) -> Answer:
    return Answer(content=content, citations=(CITATION,), support=1.0, answerer="llm", **fields)


class Judge:
    """A judge that gives each question its probability and keeps what it read."""

    def __init__(self, **probabilities: float) -> None:
        self.probabilities, self.read = probabilities, []

    def __call__(self, question: str, text: str, title: str) -> float:
        self.read.append((question, text, title))
        return next(value for name, value in self.probabilities.items() if name in question)


def test_an_answer_is_judged_without_its_marks_and_with_its_title():
    judge = Judge(cost=0.8333)

    found = with_confidence(
        answer(), "It costs €3.90 [1].", Question(workspace_id="w", content="what does it cost"), DRAFT, judge
    )

    assert found.confidence == 0.833
    assert judge.read == [("what does it cost", "It costs €3.90.", "Returns")]


def test_of_several_questions_the_least_certain_one_counts_and_open_ones_do_not():
    asks = [Asked(text=text, query=f"{text} now") for text in ("cost", "time", "place")]
    judge = Judge(cost=0.9, time=0.6, place=0.1)

    found = with_confidence(
        answer(unanswered=("place",)), "€3.90 [1].", Question(workspace_id="w", content="?", asks=asks), DRAFT, judge
    )

    assert found.confidence == 0.6
    assert [question for question, _, _ in judge.read] == ["cost now", "time now"]


def test_what_the_answerer_knows_is_not_judged_again():
    judge = Judge()

    found = with_confidence(
        answer(), "", Question(workspace_id="w", content="cost"), Draft(text="", confidence=0.71239), judge
    )

    assert (found.confidence, judge.read) == (0.712, [])


def test_a_language_that_the_model_does_not_read_gets_no_confidence():
    question = Question(workspace_id="w", content="Wie lange kann ich eine Bestellung zurückschicken?")

    assert with_confidence(answer(), "€3.90 [1].", question, DRAFT, Judge(kann=0.9)).confidence is None


def test_without_a_model_there_is_no_confidence():
    assert with_confidence(answer(), "", Question(workspace_id="w", content="cost"), DRAFT, None).confidence is None
