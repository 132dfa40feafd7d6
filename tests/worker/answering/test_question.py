"""A question knows what it clarifies, and when the assistant may ask back."""

from worker.answering.question import Question
from worker.conversations.sessions import Turn
from worker.states import ReplyKind, Role
from worker.voice.voice import Voice


def customer(text: str) -> Turn:
    return Turn(seq=1, role=Role.CUSTOMER, content=text)


def assistant(text: str, kind: ReplyKind = ReplyKind.CLARIFICATION) -> Turn:
    return Turn(seq=1, role=Role.ASSISTANT, content=text, kind=kind)


def question(*turns: Turn, content: str = "The blue one", **fields) -> Question:
    return Question(workspace_id="w", content=content, turns=turns, **fields)


def test_what_a_customer_clarifies_is_part_of_what_they_ask():
    asked = question(customer("I want to send it back"), customer("my order"), assistant("Which one?"))
    assert asked.clarified == [["I want to send it back", "my order"]]
    assert asked.asked == "I want to send it back\nmy order\nThe blue one"


def test_two_questions_back_in_a_row_are_kept_in_their_order():
    turns = (customer("Hi"), assistant("What for?"), customer("A return"), assistant("Which one?"))
    asked = question(*turns)
    assert asked.clarified == [["Hi"], ["A return"]]
    assert not asked.may_be_clarified(by_default=True)


def test_an_answer_between_ends_what_is_clarified():
    turns = (customer("Hi"), assistant("Which one?"), customer("A"), assistant("30 days [1].", ReplyKind.ANSWER))
    asked = question(*turns)
    assert asked.clarified == []
    assert asked.asked == "The blue one"
    assert asked.may_be_clarified(by_default=True)


def test_the_desk_decides_whether_the_assistant_asks_back_and_else_the_default():
    assert not question().may_be_clarified(by_default=False)
    assert question(voice=Voice(asks_back=True)).may_be_clarified(by_default=False)
    assert not question(voice=Voice(asks_back=False)).may_be_clarified(by_default=True)


def test_the_subject_belongs_to_the_first_message_only():
    assert question(subject="Parcel").with_subject == "Parcel\nThe blue one"
    assert question(customer("Hi"), subject="Parcel").with_subject == "The blue one"
