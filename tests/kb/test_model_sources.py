"""Models that come in packages are the ones that were checked; a missing or changed one is named."""

import pytest

from kb import model_sources
from kb.errors import ModelInvalid
from kb.model_sources import DEFAULT_MODEL, MULTILINGUAL_MODEL, load_reference, resolve


@pytest.mark.exports
def test_a_package_that_is_not_installed_is_named_with_its_extra(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(model_sources.resources, "files", missing)
    with pytest.raises(ModelInvalid, match=r"pip install answerback\[multilingual\]"):
        load_reference(MULTILINGUAL_MODEL)
    with pytest.raises(ModelInvalid, match=r"pip install answerback\[export\]"):
        resolve(DEFAULT_MODEL)


@pytest.mark.exports
def test_other_files_than_those_that_were_checked_are_refused(monkeypatch, tmp_path):
    (tmp_path / "e5-small-q4.bin").write_bytes(b"E5S1 something else")
    monkeypatch.setattr(model_sources.resources, "files", lambda _name: tmp_path)
    with pytest.raises(ModelInvalid, match=r"e5-small-q4.bin of multilingual-e5-small is not the published file"):
        load_reference(MULTILINGUAL_MODEL)
    (tmp_path / "e5-small-q4.bin").unlink()
    with pytest.raises(ModelInvalid, match="is not the published file: sha256 is None"):
        load_reference(MULTILINGUAL_MODEL)


def test_other_names_are_folders_or_of_the_hub():
    assert resolve("intfloat/e5-base-v2") == "intfloat/e5-base-v2"
