"""Lines of a page come as they are read."""

from collections import Counter

import pypdfium2

from kb.readers.pdf_lines import lines_of
from tests.support.reported_files import pdfs


def texts(data: bytes) -> tuple[list[str], dict[str, int]]:
    left_out: Counter[str] = Counter()
    lines = lines_of(pypdfium2.PdfDocument(data)[0], left_out)
    return [line.text for line in lines], dict(+left_out)


def test_columns_that_are_written_line_by_line_are_read_one_after_the_other():
    found, _left_out = texts(pdfs.two_columns_written_line_by_line())
    assert found[:2] == ["Returns are free within", "thirty days of delivery."]
    assert found[3] == "Refunds take five days"


def test_what_is_not_painted_is_counted():
    assert texts(pdfs.white_text_on_white()) == (["Refunds take five days."], {"hidden_text": 1})


def test_white_type_on_a_dark_shape_is_seen():
    assert texts(pdfs.white_text_on_a_dark_bar_is_seen())[1] == {}
