"""The questions that ship have a language each."""

from kb.out_of_scope_questions import by_language


def test_every_language_has_questions():
    questions = by_language()
    assert {"en", "de", "tr", "zh"} <= questions.keys()
    assert all(len(code) == 2 and len(set(texts)) > 20 for code, texts in questions.items())
