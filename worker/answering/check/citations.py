"""Read the citations of a draft in the forms in which language models write them.

The prompt asks for `[1]`. Models also write 【1】, [ 1 ], [1-2], [1; 2], [[1]], [1](https://…), ¹, [^1], (passage 1),
[source: 1] or \\[1\\], say "according to passage 1", and add a list of sources at the end. All of it becomes `[1]` or
`[1, 2]`, or goes.
"""

import re
from collections.abc import Sequence

from kb import sentences
from kb.search import Hit

#: Numbers of passages: "1", "1, 2", "1-3", "1 and 2".
_AND = r"(?:,\s*and|,|;|、|，|&|\band\b|\bund\b|\bet\b|\by\b|\be\b|\ben\b|\bi\b|[-–—]|\bto\b)"
_NUMBERS = rf"\d{{1,3}}(?:\s*{_AND}\s*\d{{1,3}})*"
_PART = re.compile(r"(\d{1,3})(?:\s*(?:[-–—]|\bto\b)\s*(\d{1,3}))?")
_MAX_RANGE = 10

#: The name of a passage, in the languages that the prompt is answered in.
_NAMES = (
    r"(?:passages?|sources?|documents?|docs?|articles?|refs?\.?|references?|citations?|cite|cited|chunks?|excerpts?"
    r"|passagen?|abschnitte?|quellen?|artikel|dokumente?|extraits?|fuentes?|documentos?|pasajes?|art[íi]culos?"
    r"|fonti|fonte|documenti|bronnen|bron|fontes|trechos?|źródł[ao])"
)

_ESCAPED = re.compile(r"\\([\[\]])")
_WIDE = re.compile(rf"\s?[【［〔]\s*(?:{_NAMES}\s*[:#]?\s*)?({_NUMBERS})\s*(?:[†:][^】］〕]*)?[】］〕]", re.I)
_RAISED = re.compile(rf"<sup>\s*\[?\s*({_NUMBERS})\s*\]?\s*</sup>", re.I)
_RAISED_DIGITS = r"[¹²³⁴-⁹]+(?:[,⁻ ]?[¹²³⁴-⁹]+)*"
_SUPERSCRIPT = re.compile(rf"(?<=[^\W\d_]{{4}}){_RAISED_DIGITS}|(?<=[.!?,;:)\"”])\s?{_RAISED_DIGITS}")
_LINK = re.compile(rf"\[+\s*\^?({_NUMBERS})\s*\]+\((?:https?:|/|#|mailto:|[\w-]+\.md)[^()\s]*\)")
_SEE = r"(?:see|as per|cf\.?|from|per|according to|siehe|laut|vgl\.?|voir|selon|ver|según|zie|vedi)"
_LABELLED = re.compile(
    rf"\[\s*(?:{_SEE}\s+)?(?:the\s+)?{_NAMES}\s*[:#]?\s*\[?\s*({_NUMBERS})\s*\]?\s*\]"
    # In round brackets an article or a document may be one of a law.
    rf"|\(\s*(?:{_SEE}\s+)?(?:the\s+)?(?!art|doc|ref){_NAMES}\s*[:#]?\s*\[?\s*({_NUMBERS})\s*\]?\s*\)",
    re.I,
)
#: Units after a range in brackets, which then is a text: "[3-5] days".
_UNIT = (
    r"\s*(?:%|€|\$|£|business |working )?"
    r"(?:days?|weeks?|months?|years?|hours?|minutes?|seconds?|items?|pieces?|times?)\b"
)
_UNIT_WORDS = ("metres", "meters", "metre", "meter", "feet", "foot", "inch", "inches", "miles", "yards", "kilometres")
_PLAIN = r"\[\d{1,3}(?:, ?\d{1,3})*\](?!\])"
_BRACKETS = re.compile(rf"(?!{_PLAIN})\[+\s*[#^]?\s*({_NUMBERS})\s*\^?\s*\]+(?!{_UNIT})")
_CARET = re.compile(rf"\^\[({_NUMBERS})\]|\^({_NUMBERS})\^(?!\w)")
_RANGE = re.compile(r"\[(\d{1,3})\]\s*[-–—]\s*\[(\d{1,3})\]")
_ROUND = re.compile(r"\(\s*((?:\[\d{1,3}(?:, \d{1,3})*\][,;]?\s*)+)\)")

#: A citation in its canonical form.
_MARK = re.compile(r"\[(\d{1,9}(?:, ?\d{1,9})*)\]")

#: "According to [1], …" and "[1] says that …": who says it is the citation.
_ACCORDING = (
    r"(?:according to|as (?:stated|described|mentioned|explained|noted|shown|outlined)(?: in| by)?|as per|per|based on"
    r"|laut|gemäß|selon|d'après|según|secondo|volgens|segundo)"
)
_ATTRIBUTION = re.compile(
    rf"^(\W*){_ACCORDING}\s+(?:the\s+)?(?:(?:{_NAMES}\s*)?(\[\d[\d, ]*\])|{_NAMES}\s*({_NUMBERS}))\s*,\s+", re.I
)
_SAYS = re.compile(
    rf"^(\W*)(?:the\s+)?(?:(?:{_NAMES}\s*)?(\[\d[\d, ]*\])|{_NAMES}\s*(\d{{1,2}}))\s+"
    r"(?:says?|states?|explains?|mentions?|notes?|confirms?)\s+that\s+",
    re.I,
)

#: A line that begins a list of sources.
_SOURCES = re.compile(
    r"^\W*(?:sources?|references?|citations?|cited (?:sources|passages)|quellen?|quellenangaben?|références?|fuentes?"
    r"|referencias?|fonti|riferimenti|bronnen|fontes|referências|źródła)\W*(?:$|[:：])",
    re.I,
)
_ADDRESS = re.compile(r"https?://\S+|\bwww\.\S+|\[\d[\d, ]*\]|\d+")
_SOURCE_ENTRY = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)]|\[\d|\W*https?://)")


def normalized(text: str) -> str:
    """Return a line of a draft with every citation written `[1]` or `[1, 2]`.

    When `text` grows at its end, the result changes only after the last sentence that was complete.
    """
    if not any(mark in text for mark in "[【［〔(^<¹²³⁴⁵⁶⁷⁸⁹") and not _ATTRIBUTION.match(text):
        return text
    text = _ESCAPED.sub(r"\1", text)
    for pattern in (_WIDE, _RAISED, _LINK, _LABELLED):
        text = pattern.sub(lambda found: _canonical(next(filter(None, found.groups())), found[0]), text)
    text = _BRACKETS.sub(lambda found: _canonical(found[1], found[0]), text)
    text = _SUPERSCRIPT.sub(_from_superscript, text)
    text = _CARET.sub(lambda found: _canonical(found[1] or found[2], found[0]), text)
    text = _RANGE.sub(lambda found: _canonical(f"{found[1]}-{found[2]}", found[0]), text)
    return _ROUND.sub(lambda found: found[1].strip().rstrip(",;"), text)


def without_attribution(sentence: str) -> str:
    """Return a sentence that does not name passages as its subject: "According to [1], X." becomes "X [1]."."""
    for pattern in (_ATTRIBUTION, _SAYS):
        found = pattern.match(sentence)
        if found is not None:
            citation = found[2] or f"[{found[3]}]"
            rest = sentence[found.end() :]
            stop = re.search(r"[.!?…:]*\s*$", rest)
            end = stop.start() if stop is not None else len(rest)
            return f"{found[1]}{rest[:1].upper()}{rest[1:end]} {citation}{rest[end:]}"
    return sentence


def begins_sources(line: str, *, titles: frozenset[str]) -> bool:
    """Whether a line begins a list of sources, which the reply has in its own form.

    Args:
        line: the line as far as it is written.
        titles: stems of the titles and headings of the passages.
    """
    found = _SOURCES.match(line)
    return found is not None and _names_only(line[found.end() :], titles)


def is_source_entry(line: str, *, titles: frozenset[str]) -> bool:
    """Whether a line after `begins_sources` belongs to the list: a title, a number or a link, and no sentence."""
    return not line.strip() or (_SOURCE_ENTRY.match(line) is not None and _names_only(line, titles))


def read(sentence: str, hits: Sequence[Hit]) -> tuple[str, list[int]]:
    """Return a sentence without its citation marks, and the numbers that it cites; `[1, 2]` cites both.

    A passage's own text may have a number in brackets. Attached to a word, as in `items[0]`, it stays. By itself, and
    where no passage has this number, it is put in round brackets, since readers take every `[n]` for a citation.
    """
    cited: list[int] = []
    text, at = "", 0
    for mark in _MARK.finditer(sentence):
        before, at = sentence[at : mark.start()], mark.end()
        word, numbers = _last_word(before), [int(number) for number in mark[1].split(",")]
        are_passages = all(1 <= number <= len(hits) for number in numbers)
        literal = word + mark[0]
        if (word or len(numbers) > 1 or not are_passages) and any(literal in hit.record.text for hit in hits):
            text += before + (mark[0] if word or len(numbers) > 1 else f"({numbers[0]})")
        else:
            cited.extend(numbers)
            text += before.rstrip()
    return text + sentence[at:], cited


def with_mark(sentence: str, number: int) -> str:
    """Return a sentence with its citation number before the final full stop or exclamation mark."""
    sentence = sentence.strip()
    if sentence[-1:] in (".", "!"):
        return f"{sentence[:-1]} [{number}]{sentence[-1]}"
    return f"{sentence} [{number}]"


def _last_word(text: str) -> str:
    """Return the word that a text ends with, or an empty string."""
    start = len(text)
    while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    return text[start:]


def _names_only(text: str, titles: frozenset[str]) -> bool:
    return sentences.content(_ADDRESS.sub(" ", text)) <= titles


def _canonical(numbers: str, found: str) -> str:
    """Return `[1, 2]` for numbers and ranges; the text as it was found where a range is no list of passages."""
    expanded: list[int] = []
    for part in _PART.finditer(numbers):
        first, last = int(part[1]), int(part[2] or part[1])
        if last - first >= _MAX_RANGE or last < first:
            return found
        expanded += [number for number in range(first, last + 1) if number not in expanded]
    return f"[{', '.join(map(str, expanded))}]"


def _from_superscript(found: re.Match[str]) -> str:
    if found.string[: found.start()].lower().endswith(_UNIT_WORDS):
        return found[0]  # square metres
    digits = found[0].strip().translate(str.maketrans("¹²³⁴⁵⁶⁷⁸⁹⁻", "123456789-"))
    return _canonical(re.sub(r"(?<=\d)(?=\d)|[, ]+", ",", digits), found[0])
