import pytest

from kb import extras
from kb.errors import ExportUnavailable


def test_what_is_missing_for_an_export_is_named_with_how_to_install_it(monkeypatch):
    monkeypatch.setattr(extras, "EXPORT", ("json", "no_such_package"))
    with pytest.raises(ExportUnavailable, match=r"answerback\[export\].*Missing: no_such_package\."):
        extras.require_export()


def test_nothing_is_said_where_nothing_is_missing(monkeypatch):
    monkeypatch.setattr(extras, "EXPORT", ("json",))
    extras.require_export()
