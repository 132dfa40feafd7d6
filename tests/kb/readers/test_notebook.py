"""Notebooks are read cell by cell."""

import pytest

from kb.errors import DocumentUnreadable
from kb.readers.blocks import paragraphs
from kb.readers.notebook import read_notebook


@pytest.mark.parametrize("text", ["[1]", "{", "3", "[" * 100_000])
def test_what_is_no_notebook_says_so(text):
    with pytest.raises(DocumentUnreadable, match="no notebook"):
        list(read_notebook(text, paragraphs))


def test_odd_cells_and_outputs_are_passed_over():
    text = '{"cells": [1, {"cell_type": "code", "source": ["a"], "outputs": [2, {"data": 3, "text": "b"}]}]}'
    assert [block[2] for block in read_notebook(text, paragraphs) if block[0] == "text"] == ["a", "b"]
