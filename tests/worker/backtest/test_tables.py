"""Tables as spreadsheets and scripts write them, also broken ones."""

import pytest

from worker.backtest import tables
from worker.backtest.past_tickets import PastTickets
from worker.errors import Invalid


def read(text, **chosen):
    found = PastTickets(format="CSV", encoding="utf-8")
    tables.read(text, found, chosen)
    return [(one.location, one.question, one.reply) for one in found.tickets], [
        (row.location, row.reason) for row in found.bad_rows
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter):
    text = delimiter.join(["question", "reply"]) + "\n" + delimiter.join(['"a, b; c"', "d"]) + "\n"
    assert read(text) == ([("line 2", "a, b; c", "d")], [])


def test_excels_hint_cells_of_several_lines_and_blank_rows_are_understood():
    text = 'sep=;\r\nid;question;reply\r\n\r\n7;"Hello,\r\nhow ""much"" is it?";"5 €"\r\n;;\r\n'
    assert read(text)[0] == [("line 4, ticket 7", 'Hello,\r\nhow "much" is it?', "5 €")]
    assert read(text)[1] == []


def test_a_bad_row_is_named_by_its_line_and_the_others_are_read():
    text = 'question,reply\na,b\nc\nd,e,f\n"g"x,h\n,i\nj,k\n'
    tickets, bad = read(text)
    assert tickets == [("line 2", "a", "b"), ("line 7", "j", "k")]
    assert [location for location, _reason in bad] == ["line 3", "line 4", "line 5", "line 6"]
    assert "2 columns" in bad[1][1]
    assert "not doubled" in bad[2][1]


def test_a_quote_that_is_never_closed_costs_one_row():
    tickets, bad = read('question,reply\na,b\n"c,d\ne,f\n')
    assert tickets == [("line 2", "a", "b"), ("line 4", "e", "f")]
    assert bad == [("line 3", "a quote is opened and never closed")]


def test_what_splits_lines_elsewhere_stays_in_its_cell():
    assert read("question,reply\na\u2028b\x0cc,d\n")[0] == [("line 2", "a\u2028b\x0cc", "d")]


def test_a_cell_of_a_megabyte_is_left_out_and_harms_nothing():
    tickets, bad = read(f"question,reply\n{'x' * 1_100_000},y\na,b\n")
    assert [ticket[0] for ticket in tickets] == ["line 3"]
    assert len(bad) == 1


def test_a_table_without_names_is_refused():
    with pytest.raises(Invalid, match="first line"):
        read("\n\n")
