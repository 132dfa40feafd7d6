"""A model says which of several questions it cannot answer, and the customer does not see how."""

from worker.answering.drafting import question_markers
from worker.answering.question import Asked, Draft, Question

ASKS = (Asked(text="How do I pay?", query="x"), Asked(text="Do you sell bicycles?", query="x"))
QUESTION = Question(workspace_id="w", content="?", asks=ASKS)


def test_markers_name_the_unanswered_questions_and_leave_the_text():
    for written in ("By card [1].\nNO_ANSWER 2", "By card [1].\n- **NO_ANSWER: 2**", "NO_ANSWER 2.\nBy card [1]."):
        draft = question_markers.read(QUESTION, Draft(text=written))
        assert (draft.text, list(draft.unanswered)) == ("By card [1].", [ASKS[1]])


def test_a_draft_of_markers_alone_has_no_text():
    draft = question_markers.read(QUESTION, Draft(text="NO_ANSWER 1\nNO_ANSWER 2"))
    assert (draft.text, list(draft.unanswered)) == (None, list(ASKS))
    draft = question_markers.read(QUESTION, Draft(text="NO_ANSWER 1, 2"))
    assert list(draft.unanswered) == list(ASKS)


def test_no_part_of_a_marker_is_passed_on_while_it_is_written():
    written = "By card [1].\nNO_ANSWER 2\nNot by cheque [1]."
    heard = []
    listen = question_markers.hiding(QUESTION, lambda text, hits=(): heard.append(text) or True)
    for end in range(1, len(written) + 1):
        listen(written[:end])
    assert heard[-1] == "By card [1].\nNot by cheque [1]."
    assert all("By card [1].\nNot by cheque [1].".startswith(text.rstrip()) for text in heard)


def test_one_question_is_left_as_it_is():
    draft = Draft(text="NO_ANSWER 2")
    assert question_markers.read(Question(workspace_id="w", content="?"), draft) is draft


def test_questions_are_read_from_lines_and_lists():
    assert question_markers.listed("1. How do I pay?\n\n- Do you sell bicycles?\n---") == [
        "How do I pay?",
        "Do you sell bicycles?",
    ]
