"""The report: a page that stands alone, JSON, and CSV that is safe to open."""

import csv
import io
import json
import re

from tests.worker.backtest.test_summary import RESULTS, result
from worker.backtest import report
from worker.backtest.page import page
from worker.backtest.past_tickets import BadRow
from worker.backtest.results import Ending
from worker.backtest.summary import summary

ABOUT = {"file": "past.csv", "snapshot": "1-a", "answerer": "extractive", "stopped": None}
BAD = [BadRow(location="line 9", reason="there is no question")]


def test_three_files_are_written_the_worst_answers_first(tmp_path):
    figures = summary(RESULTS, BAD, in_file=7)
    html, as_json, table = report.write(
        tmp_path / "b.html", about=ABOUT, figures=figures, results=RESULTS, bad_rows=BAD
    )
    found = json.loads(as_json.read_text())
    assert [one["number"] for one in found["tickets"][:2]] == [1, 0]
    assert found["bad_rows"] == [{"location": "line 9", "reason": "there is no question"}]
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig"))))
    assert [row["closeness"] for row in rows[:2]] == ["0.2", "0.9"]
    text = html.read_text()
    assert text.index("Similarity 0.2") < text.index("Similarity 0.9")
    assert "40 %" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.csv", "b.html", "b.json"]


def test_the_page_loads_and_runs_nothing_and_escapes_what_customers_wrote():
    bad = '<script>alert(1)</script><img src=x onerror="alert(1)">{{ 7*7 }}'
    found = [
        result(
            0, score=0.5, answer=bad, subject=bad, sources=({"title": bad, "url": "javascript:alert(1)", "quote": ""},)
        ),
        result(1, Ending.HANDED_OFF, reason="no_answer", subject=bad),
    ]
    html = page(about={**ABOUT, "file": bad}, figures=summary(found, BAD, in_file=2), results=found, bad_rows=BAD)
    assert "<script" not in html
    assert "<img" not in html
    assert "javascript:" not in html
    assert "49" not in re.sub(r"<style>.*?</style>", "", html, flags=re.S)
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", html)


def test_a_page_of_nothing_and_of_handoffs_alone_can_be_made():
    for found in ([], RESULTS[2:]):
        html = page(about=ABOUT, figures=summary(found, [], in_file=9), results=found, bad_rows=[])
        assert "What the assistant would have done" in html


def test_no_cell_is_a_formula_for_a_spreadsheet():
    found = [result(number, score=0.5, answer=text) for number, text in enumerate(("=1+1", "+1", "-1", "@x", "fine"))]
    rows = list(csv.DictReader(io.StringIO(report.spreadsheet(found))))
    assert [row["answer"] for row in rows] == ["'=1+1", "'+1", "'-1", "'@x", "fine"]
