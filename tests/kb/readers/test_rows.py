"""A line of a table can be understood, found and cited without the others."""

from kb import sentences
from kb.readers.rows import guessed_header, row_blocks


def lines(header, rows):
    return [text for _kind, _level, text, _anchor in row_blocks(header, rows)]


def test_each_cell_has_the_name_of_its_column():
    assert lines(["Service", "Time", "Price"], [["Standard", "2 to 4 days", "4.95 €"], ["Express", "", "9.95 €"]]) == [
        "Service: Standard · Time: 2 to 4 days · Price: 4.95 €",
        "Service: Express · Price: 9.95 €",
    ]


def test_two_cells_without_names_are_a_name_and_its_value():
    assert lines((), [["Saturday", "10:00 to 14:00"], ["Notes:", "Closed in May."]]) == [
        "Saturday: 10:00 to 14:00.",
        "Notes: Closed in May.",
    ]


def test_a_cell_of_two_sentences_stays_with_its_row():
    (line,) = lines((), [["Earrings", "They cannot be returned. Hygiene rules forbid it."]])
    assert [line[start:end] for start, end in sentences.split(line)] == [line]


def test_a_row_of_one_cell_names_the_group_of_the_rows_below():
    rows = [["At night", None, None], ["Urgent", "2 h", "12 h"], ["Normal", "1 day", "5 days"], ["At sea", None, None]]
    assert lines(["Priority", "Reply", "Solved"], rows) == [
        "At night · Priority: Urgent · Reply: 2 h · Solved: 12 h",
        "At night · Priority: Normal · Reply: 1 day · Solved: 5 days",
        "At sea",
    ]


def test_a_merged_cell_has_the_names_of_all_its_columns():
    assert lines(["Service", "Mon", "Tue"], [["Hotline", "closed", None]]) == ["Service: Hotline · Mon, Tue: closed"]


def test_a_column_that_asks_is_answered():
    assert lines(["Item", "Can it be returned?"], [["Gift card", "No"]]) == ["Item: Gift card · Can it be returned? No"]


def test_a_long_row_is_a_line_for_each_cell():
    found = lines(["Item", "How", "When"], [["Lamp", "a " * 200, "b " * 200]])
    assert [line.partition(": ")[0] for line in found] == ["Item", "Item"]
    assert all(line.startswith("Item: Lamp · ") for line in found)


def test_a_first_row_with_figures_is_no_header():
    assert guessed_header([["Size", "Chest", "Waist"], ["S", "86 cm", "71 cm"]])
    assert not guessed_header([["S", "86 cm", "71 cm"], ["M", "96 cm", "81 cm"]])
    assert not guessed_header([["Material", "Cotton"], ["Weight", "200 g"]])
