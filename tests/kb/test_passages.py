"""Passages: exact offsets, whole sentences, sections that belong together."""

from hypothesis import given
from hypothesis import strategies as st

from kb import sentences
from kb.documents import read
from kb.passages import cut


def words(text: str) -> int:
    return len(text.split())


def passages(text: str, target: int = 30, media_type: str = "text/markdown"):
    return list(cut(read(text.encode(), media_type=media_type, title="T"), count_tokens=words, target_tokens=target))


def test_a_short_article_is_one_passage_under_its_title():
    (one,) = passages("# Returns\n\nFree.\n\n## How\n\nPack it.")
    assert one.headings == ("Returns",)
    assert "Free." in one.text
    assert "Pack it." in one.text


def test_sections_that_do_not_fit_together_stand_apart():
    long = "This sentence has exactly six words. " * 4
    found = passages(f"# A\n\n{long}\n\n## B\n\n{long}")
    assert [one.headings for one in found] == [("A",), ("A", "B")]


def test_rows_of_a_table_of_questions_never_share_a_passage():
    found = passages("question,answer\nOpen?,Yes.\nPhone?,No.\n", media_type="text/csv")
    assert [one.headings for one in found] == [("Open?",), ("Phone?",)]


def test_a_sentence_longer_than_the_target_stands_alone_uncut():
    sentence = "word " * 80 + "end."
    found = passages(f"# A\n\nShort one. {sentence} Another short one.")
    assert sentence in [one.text for one in found]


def test_equal_content_has_an_equal_digest_and_a_heading_changes_it():
    one, other = passages("# A\n\nText.")[0], passages("# A\n\nText.")[0]
    assert one.digest == other.digest
    assert passages("# B\n\nText.")[0].digest != one.digest


@given(st.lists(st.text(alphabet="abc. !?\n-éß☕", min_size=1, max_size=60), min_size=1, max_size=12))
def test_offsets_always_point_at_the_text(blocks):
    source = "# Title\n\nStart here.\n\n" + "\n\n".join(blocks)
    document = read(source.encode(), media_type="text/markdown", title="T")
    last = 0
    for one in cut(document, count_tokens=words, target_tokens=10):
        assert document.text[one.start : one.end] == one.text
        assert one.start >= last
        last = one.end


@given(st.text(max_size=200))
def test_sentences_are_found_where_they_stand(text):
    last = 0
    for start, end in sentences.split(text, offset=7):
        assert text[start - 7 : end - 7].strip() == text[start - 7 : end - 7] != ""
        assert start - 7 >= last
        last = end - 7


def test_content_words_forget_form_but_not_meaning():
    assert sentences.content("The refunds were refunded") == sentences.content("refund")
    assert sentences.content("How do I reset it?") == frozenset({"reset"})


def test_what_has_no_letter_is_no_passage_of_its_own():
    document = read(("word " * 30 + "end.\n\n:133–134:38-1").encode(), media_type="text/plain", title="T")
    found = list(cut(document, count_tokens=lambda text: len(text.split()), target_tokens=31))
    assert [passage.text[-14:] for passage in found] == [document.text.rstrip()[-14:]]


def test_rows_of_figures_stay_passages():
    rows = "\n\n".join(f"{number} · 4.95 · 5.20" for number in range(60))
    document = read(f"Prices.\n\n{rows}".encode(), media_type="text/plain", title="T")
    found = list(cut(document, count_tokens=lambda text: len(text.split()), target_tokens=30))
    assert max(len(passage.text) for passage in found) < 400
