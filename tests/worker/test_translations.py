"""Every text of the product is in every catalogue, with its placeholders and in formal address."""

import ast
import re
from pathlib import Path

import polib
import pytest

from worker.translations import LANGUAGES, catalogue, path, translate

ROOT = Path(__file__).parents[2]
WIDGET = ROOT / "web" / "widget" / "static" / "widget.js"
TRANSLATED = [language for language in LANGUAGES if language != "en"]
PLACEHOLDER = re.compile(r"\{\w*\}")
FAMILIAR = {
    "de": r"du|dich|dir|dein\w*|schreib|sag",
    "fr": r"tu|te|toi|ton|ta|tes",
    "es": r"tú|te|tu|tus|ti|escribe|elige",
    "it": r"tu|ti|te|tuo|tua|tuoi|scrivi|scegli",
    "nl": r"je|jij|jou|jouw|jullie",
    "pt": r"tu|te|teu|tua|escreve|escolhe",
    "pl": r"ty|ciebie|cię|ci|twój|twoja|twoje|zadaj|wybierz|masz|napisz",
}


def texts_of_the_code() -> set[str]:
    """The first argument of each call of `translate` and `to_translate`."""
    found = set()
    for source in (ROOT / "worker").rglob("*.py"):
        if source.name == "translations.py" or "translat" not in (text := source.read_text()):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                if node.func.id in ("translate", "to_translate") and isinstance(first, ast.Constant):
                    found.add(first.value)
    return found


def texts_of_the_widget() -> set[str]:
    return set(re.findall(r"""\btranslate\("([^"]+)\"""", WIDGET.read_text()))


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_the_texts_of_the_code_and_no_others(language):
    entries = polib.pofile(str(path(language)))
    assert not [entry.msgid for entry in entries if not entry.translated()]  # empty, fuzzy or obsolete
    assert entries.metadata["Language"] == language
    assert set(catalogue(language)) == texts_of_the_code()
    assert set(catalogue(language, "widget")) == texts_of_the_widget()
    assert len(entries) == len(texts_of_the_code()) + len(texts_of_the_widget())


def test_the_code_says_something():
    assert {"You are welcome.", "Which of these do you mean?", "Done."} < texts_of_the_code()
    assert {"Send", "Sources"} < texts_of_the_widget()


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("context", ["", "widget"])
def test_a_translation_keeps_placeholders_and_the_form_of_address(language, context):
    for english, translated in catalogue(language, context).items():
        assert sorted(PLACEHOLDER.findall(translated)) == sorted(PLACEHOLDER.findall(english)), translated
        assert not re.search(rf"\b(?:{FAMILIAR[language]})\b", translated, re.I), translated
        assert translated == translated.strip()
        assert (translated[-1] == "…") == (english[-1] == "…"), translated


def test_a_text_without_a_translation_is_english():
    assert translate("You are welcome.", "ja") == "You are welcome."
    assert translate("Not in a catalogue: {x}", "de", x=1) == "Not in a catalogue: 1"
    assert translate("../de", "../de") == "../de"


def test_values_may_hold_braces():
    said = translate("I am {name}, an automated assistant, not a human.", "it", name="{Mia}")
    assert said == "Sono {Mia}, un assistente automatico, non una persona."
