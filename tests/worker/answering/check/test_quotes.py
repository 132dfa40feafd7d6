"""The parts of a passage that an answer may quote."""

from worker.answering.check.quotes import spans

TEXT = "Die Frist endet am 31. Januar. Danach geht es nicht. Fragen Sie uns."


def test_a_part_is_a_sentence_or_two_neighbours():
    assert [TEXT[start:end] for start, end in spans(TEXT, "de")] == [
        "Die Frist endet am 31. Januar.",
        "Die Frist endet am 31. Januar. Danach geht es nicht.",
        "Danach geht es nicht.",
        "Danach geht es nicht. Fragen Sie uns.",
        "Fragen Sie uns.",
    ]
