"""The texts that this product says to customers, translated by the gettext catalogues in `worker/locale`.

The English text stands in the code and is the key of its translations. `tests/worker/test_translations.py` compares the
code with the catalogues.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

ENGLISH = "en"

#: ISO 639-1 codes of the languages that there are texts in, in the order in which a doubtful message is taken for one.
LANGUAGES = (ENGLISH, "de", "fr", "es", "it", "nl", "pt", "pl")

_FOLDER = Path(__file__).with_name("locale")


def translate(text: str, language: str, **values: object) -> str:
    """Return a text in a language, with `values` for its `{placeholders}`; in English where there is no translation."""
    return catalogue(language).get(text, text).format(**values)


def to_translate(text: str) -> str:
    """Return a text unchanged; says to the check of the catalogues that it is translated elsewhere."""
    return text


@lru_cache(maxsize=32)
def catalogue(language: str, context: str = "") -> Mapping[str, str]:
    """Return the translations of a language by English text, with their placeholders; empty for other languages.

    Args:
        language: ISO 639-1 code.
        context: `widget` for the texts of the chat widget, empty for those of the replies.
    """
    if language not in LANGUAGES or language == ENGLISH:
        return MappingProxyType({})
    import polib

    entries = polib.pofile(str(path(language)))
    return MappingProxyType(
        {entry.msgid: entry.msgstr for entry in entries if (entry.msgctxt or "") == context and entry.translated()}
    )


def path(language: str) -> Path:
    """Return the path of a language's catalogue."""
    return _FOLDER / language / "LC_MESSAGES" / "answerback.po"
