"""Passages come back from their file as they were written."""

import numpy as np

from kb.records import Lines, Record, ids_of, record_of, write_lines


def passage(number: int, text: str, **more) -> Record:
    return Record(
        passage_id=f"p{number}",
        document_id="d",
        title="Zürich",
        url=None,
        headings=("Delivery", "Abroad"),
        anchor="abroad",
        start=3,
        end=3 + len(text),
        text=text,
        **more,
    )


def test_a_passage_comes_back_and_its_line_begins_where_the_offsets_say(tmp_path):
    passages = [
        passage(0, "Größe\nund Gewicht\u2028"),
        passage(1, "Two days.", tags=("eu",), language="en", source="web"),
    ]
    write_lines(tmp_path, "passages", passages)
    whole, offsets = (tmp_path / "passages.jsonl").read_bytes(), np.load(tmp_path / "passages.npy")
    assert [record_of(whole[offsets[row] : offsets[row + 1]]) for row in (0, 1)] == passages
    assert offsets.tolist()[0] == 0
    assert offsets.tolist()[-1] == len(whole)


def test_ids_are_kept_as_bytes_and_facets_name_what_filters_compare():
    assert ids_of([passage(0, "a"), passage(7, "b")]).tolist() == [b"p0", b"p7"]
    facets = passage(0, "a", tags=("eu",), language="en").facets
    assert {"tag:eu", "language:en", "document:d", "audience:public"} <= set(facets)


def test_lines_are_read_by_their_number(tmp_path):
    (tmp_path / "texts.jsonl").write_bytes(b"one\ntwo\n")
    np.save(tmp_path / "texts.npy", np.array([0, 4, 8]))
    lines = Lines(tmp_path, "texts")
    assert len(lines) == 2
    assert lines[1] == b"two\n"
