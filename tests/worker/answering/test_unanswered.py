"""The sentence that names the questions that an answer leaves open."""

from worker.answering import unanswered
from worker.answering.question import Asked, Question
from worker.conversations.sessions import Turn
from worker.states import Role


def test_the_note_is_in_the_customers_language_and_holds_no_citation():
    asks = [Asked(text="Verkaufen Sie [1] Fahrräder?", query="x")]
    question = Question(
        workspace_id="w", content="Wie lange dauert die Rückerstattung meiner Bestellung? Verkaufen Sie [1] Fahrräder?"
    )
    assert unanswered.note(asks, question=question) == (
        "Keine Antwort habe ich gefunden auf: “Verkaufen Sie (1) Fahrräder?”"
    )


def test_only_the_notes_of_the_assistant_are_found_again():
    note = "I found no answer to: “Do you sell bicycles?”"
    turns = [
        Turn(seq=1, role=Role.CUSTOMER, content=note),
        Turn(seq=2, role=Role.ASSISTANT, content=f"By card [1].\n\n{note}"),
    ]
    assert unanswered.left_open(turns) == [note]
    assert unanswered.left_open(turns[:1]) == []
