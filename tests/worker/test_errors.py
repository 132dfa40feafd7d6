"""Errors have a sentence for people, a code for clients, and context for logs only."""

import inspect

import pytest

from worker import errors


def kinds() -> list[type[errors.AnswerbackError]]:
    found = [value for value in vars(errors).values() if inspect.isclass(value)]
    return [kind for kind in found if issubclass(kind, errors.AnswerbackError)]


def test_the_docstring_is_the_message_unless_the_raiser_has_a_better_one():
    assert "Try again" in str(errors.DatabaseUnavailable())
    assert str(errors.NotFound("There is no message with this id.")) == "There is no message with this id."


def test_context_never_reaches_the_message():
    error = errors.DatabaseUnavailable(cause="password=hunter2")
    assert "hunter2" not in str(error)
    assert error.context == {"cause": "password=hunter2"}


def test_invalid_input_names_its_field():
    assert errors.Invalid("Too long.", field="content").field == "content"


def test_all_problems_of_settings_are_told():
    error = errors.SettingsInvalid(["A must be a port.", "B is missing."])
    assert error.problems == ["A must be a port.", "B is missing."]
    assert str(error) == "A must be a port.\nB is missing."


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_of_its_own_and_a_sentence(kind):
    assert kind.__doc__
    assert [other.__name__ for other in kinds() if other.code == kind.code] == [kind.__name__]
