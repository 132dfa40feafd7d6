"""MDX keeps its text and loses its program."""

import time

import pytest

from kb.readers.mdx import to_markdown


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import A from 'a'\n\nText.", "Text."),
        ("<A b={() => { x }}>Text.</A>", "Text."),
        ("<>Text.</>", "Text."),
        ("Costs {price} now{' '}or later", "Costs  now or later"),
        ("`<A>` and {/* no */}5 < 6", "`<A>` and 5 < 6"),
        ("```js\nimport x\n{a}\n```", "```js\nimport x\n{a}\n```"),
        ('<Tab title="One">a</Tab>', "One\n\na"),
        ("Import the file.", "Import the file."),
    ],
)
def test_text_stays_and_the_program_goes(source, expected):
    assert to_markdown(source).strip() == expected


def test_hostile_text_stays_and_takes_no_time():
    hostile = "<a " * 2_000 + "{" * 2_000
    began = time.process_time()
    assert to_markdown(hostile) == f"\n{hostile}\n"
    assert time.process_time() - began < 1
