"""The measures are the published ones."""

import pytest

from kb import quality


def test_ndcg_by_hand():
    # gains 1 and 1 at places 1 and 3: (1 + 1/2) / (1 + 1/log2(3))
    assert quality.ndcg(["a", "x", "b"], {"a": 1, "b": 1}) == pytest.approx(1.5 / (1 + 1 / 1.5849625), abs=1e-6)
    assert quality.ndcg(["x"], {"a": 1}) == 0


def test_recall_and_rank_by_hand():
    assert quality.recall(["a", "x"], {"a": 1, "b": 1}) == 0.5
    assert quality.reciprocal_rank(["x", "a"], {"a": 1}) == 0.5


def test_a_folder_of_another_form_is_named(tmp_path):
    with pytest.raises(quality.LabelsUnreadable, match=r"corpus\.jsonl"):
        quality.load(tmp_path)


def test_a_malformed_line_is_named_with_its_file(tmp_path):
    path = tmp_path / "claims.jsonl"
    for broken in ('{"id": ', "[1]", '{"no": "id"}', "3"):
        path.write_text(f'{{"id": "a"}}\n\n{broken}\n')
        with pytest.raises(quality.LabelsUnreadable, match=r"claims\.jsonl, line 3 "):
            quality.read_rows(path, lambda row: str(row["id"]))


def test_a_file_that_is_no_text_is_named(tmp_path):
    path = tmp_path / "claims.jsonl"
    path.write_bytes(b'{"id": "\xff"}\n')
    with pytest.raises(quality.LabelsUnreadable, match=r"claims\.jsonl cannot be read"):
        quality.read_rows(path, dict)


def test_a_line_ends_at_its_newline_and_at_no_other_separator(tmp_path):
    path = tmp_path / "claims.jsonl"
    path.write_text('{"id": "one\u2028two\x85three"}\r\n{"id": "b"}', "utf-8")
    assert quality.read_rows(path, lambda row: row["id"]) == ["one\u2028two\x85three", "b"]


def test_intents_are_read_as_a_corpus_and_its_questions(tmp_path):
    (tmp_path / "train.jsonl").write_text(
        '{"text": "pay the bill", "intent": "pay"}\n{"text": "settle my bill", "intent": "pay"}\n'
        '{"text": "how far is the moon", "intent": "oos"}\n'
    )
    (tmp_path / "val.jsonl").write_text('{"text": "pay it", "intent": "pay"}\n{"text": "sing", "intent": "oos"}\n')
    labels = quality.load(tmp_path)
    assert labels.corpus == {"d0": "pay the bill", "d1": "settle my bill"}
    assert labels.qrels == {"q0": {"d0": 1, "d1": 1}}
    assert labels.answerable == {"q0": True, "q1": False}
    assert labels.judged == ["q0"]
