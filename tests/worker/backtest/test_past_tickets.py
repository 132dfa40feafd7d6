"""Which words of a ticket are the question, and which the human's reply."""

from worker.backtest.past_tickets import MAX_CHARACTERS, PastTickets, Speaker, first_exchange

CUSTOMER, HUMAN = Speaker.CUSTOMER, Speaker.HUMAN


def test_the_first_words_that_a_human_replied_to_count_with_that_reply_alone():
    turns = [
        (HUMAN, "Welcome"),
        (CUSTOMER, "a"),
        (CUSTOMER, "b"),
        (HUMAN, "c"),
        (HUMAN, "d"),
        (CUSTOMER, "e"),
        (HUMAN, "f"),
    ]
    assert first_exchange(turns) == {"question": "a\n\nb", "reply": "c\n\nd"}
    assert first_exchange([(HUMAN, "x")]) == {"question": "", "reply": ""}


def test_a_row_that_is_no_ticket_is_named_with_its_reason():
    found = PastTickets(format="CSV", encoding="utf-8")
    found.add("1", {"question": " ", "reply": "b"})
    found.add("2", {"question": "a", "reply": ""})
    found.add("3", {"question": "a", "reply": "b" * (MAX_CHARACTERS + 1)})
    found.add("4", {"question": "a\udcff", "reply": "b"})
    found.add("5", {"question": "", "subject": "Only  a subject", "reply": "b"})
    assert [row.location for row in found.bad_rows] == ["1", "2", "3", "4"]
    assert "quote" in found.bad_rows[2].reason
    assert [(one.question, one.subject) for one in found.tickets] == [("Only a subject", "Only a subject")]
