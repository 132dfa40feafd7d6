"""Parts: quoted text is shown to a model with its marks, and with the answers that stand in it."""

from worker.reading.message import read


def test_quoted_text_is_marked():
    assert read("Why?\n\nOn 1 May 2026 at 10:00, Shop <s@shop.example> wrote:\nNo.").quoted == (
        "> On 1 May 2026 at 10:00, Shop <s@shop.example> wrote:\n> No."
    )


def test_answers_between_quoted_lines_keep_their_place():
    text = "On 1 May 2026 at 10:00, Shop wrote:\n> Which size?\nM.\n> Which colour?\nBlue."
    assert read(text).quoted == text.replace("On 1", "> On 1")
    assert read(text).written == "M.\n\nBlue."


def test_a_message_without_quotes_has_no_context():
    assert read("Why?").quoted == ""
    assert read("Why?").cut == ()
