"""What goes on with a conversation and asks nothing new is told from what asks something."""

import pytest

from worker.answering.question import Question, Turn
from worker.answering.triage.statements import acknowledges, gives_details
from worker.states import ReplyKind


def after(answer: str, content: str, kind: ReplyKind = ReplyKind.ANSWER) -> Question:
    asked = Turn(seq=1, role="customer", content="How do I download the invoice?")
    answered = Turn(seq=2, role="assistant", content=answer, kind=kind)
    return Question(workspace_id="ws", content=content, turns=(asked, answered))


ANSWER = "Open Account > Orders > Invoice [1]."


@pytest.mark.parametrize(
    "text",
    [
        *("ok thanks will try", "Great, you saved my weekend!", "ok", "Perfect, thank you!", "that worked, thanks"),
        *("No, that's all", "got it 👍", "I'll try that tomorrow", "thanks, have a nice day", "makes sense, cheers"),
        *("never mind, found it", "Works! Thanks", "thank you so much, that helped a lot", "Ah ok, I see", "No thanks"),
        "ok will ask our admin",
    ],
)
def test_an_acknowledgement_gets_a_word_in_return(text):
    assert acknowledges(after(ANSWER, text)) == "Glad to help. Write again whenever you need us."


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("Super, hat geklappt", "Gern."),
        ("OK merci, c’est parfait", "Avec plaisir."),
        ("Perfecto, gracias", "Con gusto."),
    ],
)
def test_it_does_so_in_the_language_of_the_message(text, start):
    assert acknowledges(after(ANSWER, text)).startswith(start)


@pytest.mark.parametrize(
    "text",
    [
        *("ok but it doesn't work", "That's what I did, three times", "it still does not work", "that is not all"),
        *(
            "ok and how long does it take?",
            "that worked but now my address is wrong",
            "great service, not",
            "yes",
            "no",
        ),
        *("I will try to return it in another shop", "fine, cancel my order", "alright, refund me", "great. now what"),
        *("it is not working now", "this is all wrong", "ok " * 20, "👍", ""),
    ],
)
def test_what_may_ask_or_complain_is_no_acknowledgement(text):
    assert acknowledges(after(ANSWER, text)) is None


def test_the_assistants_own_questions_are_not_taken_for_answered():
    assert acknowledges(after("Shall we cancel order 12? Write yes to confirm.", "ok")) is None
    assert acknowledges(after("Which of these do you mean", "all good", ReplyKind.CLARIFICATION)) is None


def test_the_first_message_acknowledges_nothing():
    assert acknowledges(Question(workspace_id="ws", content="ok great")) is None


@pytest.mark.parametrize(
    "text",
    [
        *("It is DHL number 003404", "order 11873", "My order number is A-20233-11", "#88213", "anna@example.org"),
        *(
            "its 0176 5551234",
            "Meine Bestellnummer ist 55120",
            "00340434161094027318",
            "Customer no. 55-120, name Weber",
        ),
        *("Sorry, the invoice is RE-2026-0011", "my account is registered under jo@example.com"),
    ],
)
def test_a_number_that_was_asked_for_is_told(text):
    assert gives_details(Question(workspace_id="ws", content=text))


@pytest.mark.parametrize(
    "text",
    [
        *("Where is order 11873", "cancel order 11873", "Order 11873 arrived broken", "I want to return order 55120"),
        *("error 4031 when paying", "I paid 1200 euros", "Invoice RE-2026-0011 is wrong", "delivery 2026", "thanks"),
        *("password reset for jo@example.com", "change my email to jo@example.com", "is it order 11873?"),
    ],
)
def test_a_number_in_a_request_is_part_of_it(text):
    assert not gives_details(Question(workspace_id="ws", content=text))
