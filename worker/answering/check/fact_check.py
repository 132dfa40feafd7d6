"""Compare what must agree to the letter: quantities, links, addresses, names and quotations.

Each function returns what a claim has and its sources do not, or None. Who does what to whom, when and under which
condition is the part of the support model: the same words say it and its opposite.
"""

import re
from collections.abc import Iterator

from kb import sentences
from kb.stop_words import is_stop_word
from worker.answering.check import name_lists, quantities, quantity_check, quantity_context

_LINK = re.compile(r"https?://[^\s\])>]+|\bwww\.[^\s\])>]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_QUOTED = re.compile(r"[“\"]([^”\"]{3,200})[”\"]")
_NAME = re.compile(r"\b(?:[A-Z][\w'’&-]*\w|[A-Z]{2,}|\w+[A-Z]\w*|\w*\d\w*[A-Za-z]\w*|[A-Za-z]\w*\d\w*)\b")

#: A capital after one of these begins a sentence, a list item, a table cell or a text in bold.
_BEGINS = re.compile(r"(?:^|[.!?:;•·\-–—(“\"|*>]|\b[Ii]n short,)\s*$")

_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_MONTHS = "january february march april may june july august september october november december".split()
_DATES = (
    {name: name for name in (*_MONTHS, *_DAYS)}
    | {f"{name}s": name for name in _DAYS}
    | {name[:3]: name for name in (*_MONTHS, *_DAYS) if name != "may"}
    | {"tues": "tuesday", "thur": "thursday", "thurs": "thursday", "sept": "september"}
)  # fmt: skip

#: The same in other words, before anything is compared.
_ALIASES = [
    (re.compile(pattern, re.I), plain)
    for pattern, plain in (
        (r"\bunited kingdom\b|\bu\.k\.", "UK"),
        (r"\bunited states(?: of america)?\b|\bu\.s\.(?:a\.)?|\bUSA\b", "US"),
        (r"\beuropean union\b|\be\.u\.", "EU"),
        (r"\bidentity cards?\b|\bidentity documents?\b|\bproof of identity\b", "ID"),
        (r"\bfrequently asked questions\b", "FAQ"),
        (r"\bcash machines?\b", "ATM"),
        (r"\btwo-factor(?: authentication)?\b|\btwo-step verification\b", "2FA"),
        (r"\btext messages?\b", "SMS"),
        (r"\btelevision\b", "TV"),
    )
]

#: Words that are written with a capital and are no names, or are compared elsewhere.
_NO_NAMES = (
    sentences.STOP_WORDS
    | sentences.NEGATIONS
    | frozenset(_DATES)
    | frozenset("ok okay faq i'm i'll eur usd gbp chf jpy".split())
)

#: In these languages every noun has a capital, and names cannot be told from others.
_NOUNS_HAVE_CAPITALS = frozenset({"de"})


def disagreement(claim: str, sources: str, *, question: str = "", language: str = "en") -> str | None:
    """Return the first quantity, link, date, quotation or name of a claim that is not borne out, or None.

    Args:
        claim: a sentence of an answer.
        sources: the passages that it may be from, with their titles and headings.
        question: the customer's message, whose quantities, links and names the claim may repeat.
        language: of all of them; in others than English they are glossed (`gloss`).
    """
    missing = quantity_check.first_missing(claim, sources, question=question)
    known, claim = _plain(f"{sources}\n{question}"), _plain(claim)
    return (
        missing
        or quantity_context.other_bound(claim, sources)
        or quantity_context.other_row(claim, sources, language=language)
        or quantity_context.other_value(claim, sources, language=language)
        or _missing_links(claim, known)
        or _missing_weekdays(claim, known)
        or _missing_months(claim, known)
        or _other_months(claim, known)
        or _missing_code(claim, known)
        or name_lists.first_added(claim, _plain(sources))
        or _missing_quotations(claim, known)
        or _missing_names(claim, known, language)
    )


def has_other_figures(claim: str, sources: str, *, question: str = "") -> bool:
    """Whether a claim has a sum of money, a link or an e-mail address that its sources do not have."""
    missing = quantity_check.first_missing(claim, sources, question=question, only=quantities.CURRENCIES)
    return missing is not None or _missing_links(claim, f"{sources}\n{question}") is not None


def _plain(text: str) -> str:
    """Return a text in which what is the same is spelled the same."""
    for pattern, plain in _ALIASES:
        text = pattern.sub(plain, text)
    return text


def _missing_links(claim: str, sources: str) -> str | None:
    sourced = {_bare(link) for link in _LINK.findall(sources)}
    folded = sources.lower()
    links: list[str] = _LINK.findall(claim)
    for link in links:
        bare = re.escape(_bare(link))
        if _bare(link) not in sourced and not re.search(rf"(?<![\w./@-]){bare}(?![\w/-])", folded):
            return link
    return None


def _bare(link: str) -> str:
    """Return a link without what browsers add."""
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", link.rstrip(".,;:!?*_`").lower()).rstrip("/")


def _missing_weekdays(claim: str, sources: str) -> str | None:
    """Return a weekday of a claim that its sources do not have, unless they have a range of days."""
    if _DAY_RANGE.search(sources):
        return _other_range(claim, sources)
    claimed = {_DATES[word] for word in sentences.words(claim) if _DATES.get(word) in _DAYS and len(word) > 3}
    sourced = {_DATES[word] for word in sentences.words(sources) if word in _DATES}
    return next(iter(sorted(claimed - sourced)), None)


def _other_range(claim: str, sources: str) -> str | None:
    """Return a range of weekdays of a claim when its sources have one with only the same first or last day."""
    known = {_ends(found[0]) for found in _RANGE_OF_DAYS.finditer(sources)}
    for found in _RANGE_OF_DAYS.finditer(claim):
        first, last = _ends(found[0])
        if (first, last) not in known and any(first == start or last == end for start, end in known):
            return found[0]
    return None


def _ends(days: str) -> tuple[str, str]:
    """Return the first and the last day or month of a range, by their first three letters."""
    first, *_, last = sentences.words(days)
    return first[:3], last[:3]


def _other_months(claim: str, sources: str) -> str | None:
    """Return a range of months of a claim when its sources have one with only the same first or last month."""
    known = {_ends(found[0]) for found in _RANGE_OF_MONTHS.finditer(sources)}
    for found in _RANGE_OF_MONTHS.finditer(claim):
        first, last = _ends(found[0])
        if (first, last) not in known and any(first == start or last == end for start, end in known):
            return found[0]
    return None


def _missing_code(claim: str, sources: str) -> str | None:
    """Return a word with an underscore, such as `pk_test_`, that the sources do not have."""
    folded = sources.lower().replace("_", " ")
    codes: list[str] = _CODE.findall(claim)
    return next((code for code in codes if code.lower().strip("_").replace("_", " ") not in folded), None)


def _missing_months(claim: str, sources: str) -> str | None:
    """Return a month of a claim when its sources have other months alone; a day of a month is a quantity."""
    # "may" and "march" are words too: they count with a capital, and not where a sentence begins
    claimed = {_DATES.get(word.lower(), "") for word in re.findall(r"(?<=\w )[A-Z][a-z]{2,}\b", claim)} & set(_MONTHS)
    sourced = {_DATES.get(word.lower(), "") for word in re.findall(r"\b[A-Z][a-z]{2,}\b", sources)} & set(_MONTHS)
    return next(iter(sorted(claimed - sourced)), None) if len(sourced) == 1 and not _COMPUTED.search(claim) else None


#: A claim with a day of a month or a year may be computed from the customer's date.
_COMPUTED = re.compile(r"\d")


_DAY = rf"(?:{'|'.join(day[:3] for day in _DAYS)})[a-z]*"
_CODE = re.compile(r"\b[A-Za-z0-9]+_\w*")
_MONTH = rf"(?:{'|'.join(month[:3] for month in _MONTHS)})[a-z]*"
_RANGE_OF_MONTHS = re.compile(rf"\b{_MONTH}\.?\s*(?:-|–|to|through|until)\s*{_MONTH}\b", re.I)
_RANGE_OF_DAYS = re.compile(rf"\b{_DAY}\s*(?:-|–|to|through|until)\s*{_DAY}\b", re.I)
_DAY_RANGE = re.compile(rf"{_RANGE_OF_DAYS.pattern}|\bweekends?\b|\bweekdays?\b|\bdaily\b|\bevery day\b", re.I)


def _missing_quotations(claim: str, sources: str) -> str | None:
    folded = _folded(sources)
    quotations: list[str] = _QUOTED.findall(claim)
    return next((quotation for quotation in quotations if _folded(quotation) not in folded), None)


def _folded(text: str) -> str:
    return " ".join(sentences.words(text))


def _missing_names(claim: str, sources: str, language: str = "en") -> str | None:
    """Return a name that the sources do not have: a capital inside a sentence, capitals inside a word, a code."""
    known = set(sentences.words(sources))
    stems = {sentences.stem(word, language) for word in known}
    beginnings = {word.lower() for word in re.findall(r"\b[A-Z][a-z]{3}", sources)}  # Canada, Canadian
    joined = {word.replace("-", "") for word in re.findall(r"\w+(?:-\w+)+", sources.lower())}
    for name in _names(_LINK.sub(" ", claim), plain=language not in _NOUNS_HAVE_CAPITALS):
        if name.lower().replace("-", "") in known | joined:
            continue
        for part in sentences.words(name):
            if part.isdigit() or part in _NO_NAMES:
                continue
            part = re.sub(r"'(?:ll|re|ve|d|s|m)$|(?<=[a-z]{3})'$", "", part)
            if part in sentences.STOP_WORDS | known | joined or part.rstrip("s") in known:
                continue
            if is_stop_word(part, language):
                continue
            if sentences.stem(part, language) not in stems and not (len(part) > 5 and part[:4] in beginnings):
                return name
    return None


def _names(claim: str, *, plain: bool = True) -> Iterator[str]:
    for match in _NAME.finditer(claim):
        name = match.group()
        is_plain = name[:1].isupper() and re.sub(r"['’-]", "", name)[1:].islower()
        if is_plain and (not plain or _BEGINS.search(claim[: match.start()])):
            continue
        if re.fullmatch(r"\d+(?:[a-zA-Z]{1,3})", name):
            continue  # 25MB, 3rd: a number with its unit, which was compared already
        yield name
