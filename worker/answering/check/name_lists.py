"""Compare lists of names: "in the EU, Norway, Iceland and Switzerland" adds one to "the EU, Norway and Iceland"."""

import re
from collections.abc import Iterator, Sequence

from kb import sentences
from worker.answering.check.negation import denies

_NAME = r"[A-Z][\w'’&.-]{0,40}(?:\s[A-Z][\w'’&.-]{0,40}){0,4}"
_BETWEEN = r"(?:,\s(?:and\s|or\s)?|\s(?:and|or|as well as|&)\s)(?:the\s)?"
_LIST = re.compile(rf"(?<![\w'’&.-]){_NAME}(?:{_BETWEEN}{_NAME}){{1,20}}")
_MIN_NAMES = 3

#: "Yes, Visa …" and "In Settings, Billing …": what stands before a comma where a sentence begins may be no item.
_BEGINS = re.compile(r"(?:^|[.!?:])[\s*_“\"•-]{0,5}$")

#: "PayPal is available too": a sentence with one of these goes on with the list of another.
_GOES_ON = frozenset("too also well likewise additionally moreover same joined added".split())
_DETERMINERS = frozenset({"", "the", "our", "your", "all", "both"})
_BULLET = re.compile(r"^[\s*•\d.)-]*")

#: Letters by which two words of a family are compared: "deliver" and "delivery".
_FAMILY = 5

#: Letters; a longer name in capitals may be written in any case.
_MAX_CODE = 3


def first_added(claim: str, sources: str) -> str | None:
    """Return a name that a claim lists with others, where a sentence of the sources has all of the others alone.

    None when there is none, or when another sentence goes on with it (`_goes_on`). Lists of two names are not compared.
    """
    if denies(claim):
        return None
    claim = " ".join(claim.split())
    texts = [sources[start:end] for start, end in sentences.split(sources)]
    for names in _lists(claim, texts):
        missing = min(([name for name in names if not _has(text, name)] for text in texts), key=len, default=[])
        if len(missing) == 1 and not any(_goes_on(text, missing[0], names, claim) for text in texts):
            return missing[0].lower()
    return None


def _lists(claim: str, texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield the names of each list of three or more, without what opens the sentence and is no item."""
    for found in _LIST.finditer(claim):
        first, *others = [re.sub(r"(?:['’]s|\.)$", "", name) for name in re.split(_BETWEEN, found[0])]
        is_opening = _BEGINS.search(claim[: found.start()]) is not None and found[0].startswith(f"{first}, ")
        item = _item(first, texts, is_opening=is_opening)
        names = [item, *others] if item else others
        if len(names) >= _MIN_NAMES:
            yield names


def _item(first: str, texts: Sequence[str], *, is_opening: bool) -> str:
    """Return the name of the first item of a list, empty if it is no item: "Yes", or "In Settings" before a comma."""
    small, words = "", first.split()
    while words and words[0].lower() in sentences.STOP_WORDS:
        small = words.pop(0).lower()
    name = " ".join(words)
    if not is_opening or not name:
        return name
    inside = re.compile(rf"(?<=[\w,;(] ){re.escape(name)}\b|\b{re.escape(name)} (?:and|or|&) (?:the )?[A-Z]")
    is_name = any(inside.search(text) for text in texts)
    return name if is_name and small in _DETERMINERS else ""


def _goes_on(text: str, name: str, names: Sequence[str], claim: str) -> bool:
    """Whether a sentence of the sources says the same of a further name: it opens with it or shares other words."""
    if not _has(text, name) or denies(text):
        return False
    if _BULLET.sub("", text).lower().startswith(name.lower()) or _GOES_ON & set(sentences.words(text)):
        return True
    listed = {word[:_FAMILY] for word in sentences.content(" ".join(names))}
    families = ({word[:_FAMILY] for word in sentences.content(part)} - listed for part in (text, claim))
    return bool(set.intersection(*families))


def _has(text: str, name: str) -> bool:
    """Whether a text has all words of a name; a short one in capitals, such as US, as it is written."""
    is_code = name.isupper() and len(name) <= _MAX_CODE
    flags = re.NOFLAG if is_code else re.IGNORECASE
    return all(re.search(rf"(?<!\w){re.escape(word)}", text, flags) for word in name.split())
