import pytest

from kb import extras
from kb.errors import ExportUnavailable


@pytest.fixture
def complaint(monkeypatch):
    """Return what is said of an export that needs some packages; None where it can begin."""

    def ask(*packages):
        monkeypatch.setattr(extras, "EXPORT", packages)
        try:
            extras.require_export()
        except ExportUnavailable as error:
            return str(error)
        return None

    return ask


def test_what_is_missing_for_an_export_is_named_with_how_to_install_it(complaint):
    said = complaint("json", "no_such_package", "none_either")
    assert "answerback[export]" in said
    assert said.endswith("Missing: no_such_package, none_either.")


def test_nothing_is_said_where_nothing_is_missing(complaint):
    assert complaint("json") is None
