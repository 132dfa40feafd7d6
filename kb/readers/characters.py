"""Characters of a text: what nobody wrote is dropped and counted, what scripts and emoji need is kept."""

import re
import unicodedata
from collections import Counter

#: ANSI sequences of a terminal: colours and cursor moves (ECMA-48 CSI), titles and links (OSC), two-character ones.
_ANSI = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")

#: The two halves of a pair that JSON escaped one by one.
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n|\r|\n")

#: Control characters other than tab and those that end lines or pages, and code points that are no characters.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")

#: Characters that choose a glyph's form; a run of them can carry text that nobody sees.
_VARIATIONS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")

#: Signs of Arabic, Syriac and Kaithi that Unicode counts as format characters, and that are seen.
_SEEN_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")

#: Scripts whose letters change form beside a joiner: Arabic, those of India and its neighbours, Mongolian.
_SCRIPTS = "\u0600-\u109f\u1780-\u18af\u1900-\u1aaf\ua840-\uabff\ufb50-\ufdff\ufe70-\ufeff\U00010a00-\U00011fff"
_EMOJI = "\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_JOINERS = re.compile(
    f"(?<=[{_SCRIPTS}])([\u200c\u200d])[\u200c\u200d]*(?=[{_SCRIPTS}])|(?<=[{_EMOJI}])(\u200d)\u200d*(?=[{_EMOJI}])"
)
_SPACE = re.compile(r"[^\S\n]+")


def repair(text: str, cleaned: Counter[str]) -> str:
    r"""Return a text whose lines end in `\n`, without control characters, byte order marks and lone surrogates.

    What was dropped or changed is added to `cleaned`: `control_characters`, `form_feeds` (each a blank line),
    `byte_order_marks`, `surrogates`, and `line_ends`, those unlike most of the text's.
    """
    if text.isascii() and text.isprintable():
        return text
    if not text.isascii():
        text = _PAIR.sub(lambda pair: pair.group().encode("utf-16", "surrogatepass").decode("utf-16"), text)
        text = _without(_SURROGATE, text, cleaned, "surrogates")
        text = _without(re.compile("\ufeff"), text, cleaned, "byte_order_marks")
        text = text.replace("\u2028", "\n").replace("\u2029", "\n\n").replace("\x85", "\n")
    ends = Counter(_LINE_END.findall(text)) if "\r" in text else Counter[str]()
    if len(ends) > 1:
        cleaned["line_ends"] += ends.total() - max(ends.values())
    if ends:
        text = _LINE_END.sub("\n", text)
    text = _without(_ANSI, text, cleaned, "control_characters")
    if "\f" in text:
        cleaned["form_feeds"] += text.count("\f")
        text = text.replace("\f", "\n\n")
    return _without(_CONTROL, text.replace("\v", "\n"), cleaned, "control_characters")


def visible(text: str, cleaned: Counter[str]) -> str:
    """Return a text with white space folded and accents composed, without what is not seen; see `repair` for `cleaned`.

    Joiners and non-joiners stay where they change what is seen: between letters of scripts that join, and in emoji.
    """
    if text.isascii() and text.isprintable():
        return _SPACE.sub(" ", text).strip()
    text = _VARIATIONS.sub("", unicodedata.normalize("NFC", text))
    text = text.replace("\u2011", "-")  # a hyphen that does not break
    kept = {joiner.start() for joiner in _JOINERS.finditer(text)}
    kept_characters = []
    for at, char in enumerate(text):
        if char == "\n" or at in kept or char in _SEEN_FORMATS:
            kept_characters.append(char)
            continue
        category = unicodedata.category(char)
        if category == "Cc" and char in "\t\v\f\r\x85":
            kept_characters.append(" ")
        elif category not in ("Cc", "Cf", "Cs", "Co"):
            kept_characters.append(char)
        elif char not in "\u00ad\u200e\u200f\u2060":  # soft hyphens and marks of direction are no news
            cleaned["control_characters" if category == "Cc" else "invisible_characters"] += 1
    return _SPACE.sub(" ", "".join(kept_characters)).strip()


def _without(pattern: re.Pattern[str], text: str, cleaned: Counter[str], kind: str) -> str:
    left, count = pattern.subn("", text)
    if count:
        cleaned[kind] += count
    return left
