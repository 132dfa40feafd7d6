"""The gate keeps out what the knowledge base has nothing on, by a coverage and a risk."""

from kb.relevance import Scale
from worker.answering.questions.gate import OPEN, Gate

SCALE = Scale(cosine=10.0, words=2.0, intercept=-5.0, quantiles=((0.9, 0.6), (0.99, 0.2)))


def test_a_coverage_lets_that_share_of_answerable_questions_pass():
    gate = Gate(coverage=0.99)
    assert gate.admits(0.2, SCALE)
    assert not gate.admits(0.19, SCALE)


def test_a_risk_makes_the_gate_stricter_and_never_laxer():
    assert Gate(coverage=0.99, risk=0.5).least(SCALE) == 0.5
    assert Gate(coverage=0.99, risk=0.9).least(SCALE) == 0.2


def test_an_open_gate_admits_everything():
    assert OPEN.admits(0.0, SCALE)
