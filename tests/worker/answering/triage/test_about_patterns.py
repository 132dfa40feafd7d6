"""Every form matches its example."""

import re

import pytest

from worker.answering.triage.about_patterns import FORMS, PATTERNS

EXAMPLES = [(about, form.regex, form.example) for about, forms in FORMS.items() for form in forms]


@pytest.mark.parametrize(("about", "regex", "example"), EXAMPLES)
def test_a_form_matches_its_example(about, regex, example):
    bare = example.strip("?¿ ")
    assert re.fullmatch(regex, bare, re.I)
    assert PATTERNS[about].fullmatch(bare)


def test_each_kind_has_forms_in_the_languages_of_the_replies():
    spoken = {language for _, language in FORMS}
    assert spoken == {"en", "de", "fr", "es", "it", "nl", "pt", "pl"}
