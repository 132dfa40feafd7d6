"""Scripts without spaces become pairs of characters; everything else stays as it is."""

import pytest

from kb.lexical import Entry, LexicalIndex
from kb.segmentation import is_unspaced, segmented


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("退货政策", ["退货", "货政", "政策"]),
        ("退", ["退"]),
        ("iPhone手机 保修", ["iPhone", "手机", "保修"]),
        ("返品したい", ["返品", "品し", "した", "たい"]),
        ("ラーメン", ["ラー", "ーメ", "メン"]),
        ("配送は3日", ["配送", "送は", "3", "日"]),
        ("คืนสินค้า", ["คน", "นส", "สน", "นค", "คา"]),
        ("환불 정책", ["환불", "정책"]),
        ("Größe é ñ", ["Größe", "é", "ñ"]),
        ("", []),
    ],
)
def test_runs_are_cut_into_overlapping_pairs(text, pieces):
    assert segmented(text).split() == pieces


def test_a_text_without_such_scripts_is_untouched():
    text = "Where is my  parcel?\n- Größe 42, विकल्प, возврат"
    assert segmented(text) == text
    assert not is_unspaced(text)
    assert is_unspaced("size 尺寸")


@pytest.fixture
def index(tmp_path):
    texts = [
        "我们在三十天内接受退货，并退还全部货款。",
        "送货需要两到三个工作日。",
        "Returns are accepted within 30 days.",
    ]
    entries = [Entry(row=row, key=str(row), text=text) for row, text in enumerate(texts)]
    return LexicalIndex.build(entries, tmp_path / "lexical")


@pytest.mark.parametrize(
    ("query", "row"), [("怎么退货？", 0), ("送货要多久", 1), ("退还货款", 0), ("are returns accepted", 2)]
)
def test_a_question_in_chinese_finds_the_passage_with_its_words(index, query, row):
    assert index.search(query, 3)[0][0] == row


def test_words_of_a_chinese_question_have_their_rarity(index):
    assert "退货" in index.terms("怎么退货", "zh")
    assert index.rarity("退货") is not None
    assert index.rarity("怎么") is None
    assert index.has("退货")
