"""The command line, as a person and as a script use it."""

import json
import shutil

import pytest
from click.testing import CliRunner

from kb import extras
from tests.support.classifiers import classifier
from tests.support.processes import ROOT
from worker.answering.check.support_model import load_entailment
from worker.cli import main
from worker.settings import Settings


def test_a_worker_refuses_to_start_when_a_check_fails(start, tmp_path):
    done = start("worker", "ingest", ANSWERBACK_EMBEDDING_MODEL="acme/none")
    assert done.returncode == 1
    assert "answerback model export" in done.stderr
    wrong = tmp_path / "rules.toml"
    wrong.write_text("[[rule]]\nname = 1\n")
    done = start("worker", "answer", ANSWERBACK_RULES=str(wrong))
    assert done.returncode == 1
    assert "rules.toml" in done.stderr


@pytest.fixture
def support_model(tmp_path, monkeypatch):
    """The folder of a small classifier, which the settings name."""
    classifier(tmp_path / "nli")
    monkeypatch.setenv("ANSWERBACK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ANSWERBACK_SUPPORT_MODEL", str(tmp_path / "nli"))
    monkeypatch.setenv("ANSWERBACK_SUPPORT_LANGUAGES", "en,de")
    return tmp_path / "nli"


@pytest.mark.exports
def test_a_support_model_is_exported_calibrated_and_loaded(support_model, tmp_path):
    drafts = shutil.copytree(ROOT / "tests" / "data" / "drafts", tmp_path / "drafts")
    for path in drafts.glob("*.jsonl"):  # a few are enough here
        kept = path.read_text().splitlines()[::40] if path.name == "shop.dev.jsonl" else []
        path.write_text("\n".join(kept))
    settings = Settings.from_env()
    exported = CliRunner().invoke(main, ["model", "support"])
    assert exported.exit_code == 0, exported.output
    assert "label 2 (entailment) means supported" in exported.output
    loaded = load_entailment(settings.support_folder, languages=settings.support_languages)
    assert loaded.languages == {"en", "de"}
    assert 0 < loaded("We refund your payment.", "You get your money back.", "") < 1

    fitted = CliRunner().invoke(main, ["model", "support", "--calibrate", str(drafts)])
    assert "exported already" in fitted.output
    manifest = json.loads((settings.support_folder / "manifest.json").read_text())
    # Random weights tell nothing apart: either a slope was fitted by chance, or that is said.
    assert (fitted.exit_code == 0) == ("calibrated_on" in manifest)
    assert "slope" in fitted.output


def test_no_support_model_to_export_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("ANSWERBACK_HOME", str(tmp_path))
    monkeypatch.delenv("ANSWERBACK_SUPPORT_MODEL", raising=False)
    ran = CliRunner().invoke(main, ["model", "support"])
    assert ran.exit_code == 1
    assert "ANSWERBACK_SUPPORT_MODEL names no model" in ran.output


def test_a_model_that_does_not_ship_says_what_its_export_needs(tmp_path, monkeypatch):
    monkeypatch.setenv("ANSWERBACK_HOME", str(tmp_path))
    monkeypatch.setattr(extras, "EXPORT", ("no_such_package",))
    ran = CliRunner().invoke(main, ["model", "export", "acme/e5"])
    assert ran.exit_code == 1
    assert "pip install 'answerback[export]'" in ran.output
    assert list(tmp_path.rglob("*")) == []


def test_a_model_is_exported_by_its_name(tmp_path, monkeypatch, exported):
    """The default model at fp32, which does not ship, from a folder."""
    monkeypatch.setenv("ANSWERBACK_HOME", str(tmp_path))
    monkeypatch.setenv("ANSWERBACK_EMBEDDING_PRECISION", "fp32")
    shutil.copytree(exported, Settings.from_env().exported_folder)
    ran = CliRunner().invoke(main, ["model", "export"])
    assert (ran.exit_code, "exported already" in ran.output) == (0, True)
    assert Settings.from_env().embedding_folder == Settings.from_env().exported_folder
