"""Compare a claim with its source: numbers, units, names, dates, links, quotations, negations, opposites.

A sentence can share nine words in ten with its source and say the opposite. What is compared here is what makes the
difference: each function returns what the source does not bear out, or None. It compares words, so it does not see who
does what to whom: "we pay you" and "you pay us" are the same to it.
"""

import re
from functools import cache

from kb import sentences

_NUMBER = re.compile(
    r"(?<![A-Za-z\d])(?P<sign>(?<![\w)\]])[-−])?(?P<before>[€$£¥]|(?:EUR|USD|GBP|CHF|JPY)\b)?\s?"
    r"(?P<value>\d+(?:[./-]\d+){2,}|\d+(?:[.,:]\d+)*)"
    r"[\s-]?(?P<after>%|[€$£¥]|(?:[a-zA-ZäöüéÄÖÜ°]+(?:/[a-zA-Z]+)?))?"
)
_LINK = re.compile(r"https?://[^\s\])>]+|\bwww\.[^\s\])>]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_QUOTED = re.compile(r"[“\"]([^”\"]{3,200})[”\"]")
_NAME = re.compile(r"\b(?:[A-ZÄÖÜ][\w'’&-]*\w|[A-Z]{2,}|\w+[A-Z]\w*|\w*\d\w*[A-Za-z]\w*|[A-Za-z]\w*\d\w*)\b")

_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
_NUMBER_WORDS = {word: str(value) for value, word in enumerate(_WORDS)} | {
    "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90",
    "hundred": "100", "dozen": "12",
}  # fmt: skip

_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_NUMBER_WORDS)})\b", re.I)

#: Units that are the same in other words, and currencies by sign or name.
_SAME_UNIT = {
    "%": "percent", "€": "euro", "eur": "euro", "euros": "euro", "$": "dollar", "usd": "dollar",
    "dollars": "dollar", "£": "pound", "gbp": "pound", "pounds": "pound", "¥": "yen", "jpy": "yen", "francs": "franc",
    "chf": "franc", "h": "hour", "hr": "hour", "hrs": "hour", "hours": "hour", "min": "minute", "mins": "minute",
    "minutes": "minute", "s": "second", "sec": "second", "secs": "second", "seconds": "second", "days": "day",
    "weeks": "week", "months": "month", "years": "year", "kilograms": "kg", "kilogram": "kg", "kilos": "kg",
    "grams": "g", "kilometres": "km", "kilometers": "km", "metres": "m", "meters": "m", "cents": "cent",
    "gigabytes": "gb", "megabytes": "mb", "terabytes": "tb",
}  # fmt: skip
_UNITS = frozenset(_SAME_UNIT.values()) | frozenset("g m cm mm gb mb tb mbit mbps kwh w v".split())
_CURRENCIES = frozenset("euro dollar pound yen franc cent".split())
_UNIT_SPELLINGS = frozenset(_SAME_UNIT) | _UNITS

#: The same in other words, before anything is compared.
_ALIASES = [
    (re.compile(pattern, re.I), plain)
    for pattern, plain in (
        (r"\bper cent\b", "percent"),
        (r"\bunited kingdom\b|\bu\.k\.", "UK"),
        (r"\bunited states(?: of america)?\b|\bu\.s\.(?:a\.)?|\bUSA\b", "US"),
        (r"\beuropean union\b|\be\.u\.", "EU"),
        (r"\bfree of charge\b|\b(?:at|for) no (?:extra |additional )?(?:cost|charge)\b"
         r"|\bwithout (?:extra |additional )?(?:cost|charge)s?\b", "free"),
        (r"\b(\d{1,2})(?::(\d{2}))? ?([ap])\.?m\b\.?", None),
        (r"\bmidday\b|\bnoon\b", "12:00"),
    )
]  # fmt: skip

_MONTHS = "january february march april may june july august september october november december".split()
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_DATES = (
    {name: name for name in (*_MONTHS, *_DAYS)}
    | {f"{name}s": name for name in _DAYS}
    | {name[:3]: name for name in (*_MONTHS, *_DAYS) if name != "may"}
    | {"tues": "tuesday", "thur": "thursday", "thurs": "thursday", "sept": "september"}
)  # fmt: skip

#: Words that turn a sentence round: a claim with one of a pair is not borne out by a source that has only the other.
_OPPOSITES = [
    tuple(frozenset(side.split()) for side in pair.split("/"))
    for pair in (
        "before until/after", "over above exceeding/under below", "more/less fewer", "minimum least/maximum most",
        "include includes included including/exclude excludes excluded excluding except", "with/without",
        "enable enables enabled activate/disable disables disabled deactivate",
        "allow allowed allows permitted/forbidden prohibited",
        "free/paid charged", "open opens/close closes closed", "opened/unopened sealed",
        "increase increases increased/decrease decreases decreased",
        "accept accepts accepted/refuse refuses refused reject rejects rejected decline declined", "always/never",
        "add adds added/remove removes removed", "higher/lower", "longer/shorter", "largest/smallest",
        "on/off", "up/down", "upload uploads/download downloads", "upgrade upgrades/downgrade downgrades",
        "buyer/seller", "sender/recipient", "incoming/outgoing", "inside/outside",
        "online/offline", "deposit deposits/withdraw withdrawal withdrawals",
        "available/unavailable", "possible/impossible", "refundable/nonrefundable", "first/last",
        "eligible/ineligible", "legal/illegal", "known/unknown", "morning/evening", "weekday weekdays/weekend weekends",
        "lose loses/keep keeps", "refund refunds refunded/charge charges charged", "valid/invalid expired",
        "subscribe/unsubscribe", "install/uninstall", "connect/disconnect", "encrypted/unencrypted",
        "public/private", "adult adults/child children",
        "domestic/international", "start starts/end ends", "earlier/later", "cheaper/dearer", "true/false",
        "required mandatory/optional",
        "automatically/manually", "sooner/later", "new/used", "import/export", "send sends/receive receives",
        "lock/unlock",
    )
]  # fmt: skip
_ALL = frozenset("all every always any everyone everything".split())
_SOME = frozenset("some most many few several certain selected sometimes usually often only unless except".split())
_MUST = frozenset("must required mandatory".split())
_MAY = frozenset("may can could optional optionally".split())
_ONLY = re.compile(r"\b(?:only(?! (?:one|an?|\d)\b)|exclusively|solely)\b", re.I)

#: Words that are written with a capital and are no names, or are compared elsewhere.
_NO_NAMES = sentences.STOP_WORDS | sentences.NEGATIONS | frozenset(_DATES) | frozenset(_SAME_UNIT)

#: What follows one of these in a source does not hold for what stands before it.
_EXCEPTION = re.compile(
    r"\b(?:except(?: for)?|excluding|unless|rather than|instead of|other than|apart from|but not|does not include)\b",
    re.I,
)
_DENYING = frozenset(
    "excluded exempt ineligible prohibited forbidden impossible unavailable banned refuse refuses refused hardly rarely"
    " seldom barely scarcely fail fails failed void voided lack lacks".split()
)

_DENIED = re.compile(r"\bnon-?\w|\bsold separately\b|\bno longer\b", re.I)

#: What a restriction or a condition begins with that stands behind what it restricts.
_CONDITION = re.compile(
    r"(?<=[a-z,] )(?:if|unless|provided(?: that)?|as long as|only (?:if|when|for|with)|during)\b", re.I
)

#: "10 euros a month", "two per customer".
_RATE = re.compile(
    r"\b(?:an?|per|each|every)\s+(second|minute|hour|day|week|month|year|user|seat|person|customer|order|item|parcel)\b",
    re.I,
)

#: They carry no subject of their own where numbers are told apart by what they are said of.
_MEASURING = frozenset("take takes cost costs last lasts need needs within about up".split()) | _UNIT_SPELLINGS

#: What holds of one clause need not hold of the next: "express takes 2 days, standard 5".
_CLAUSE = re.compile(r"[;,]\s+|(?<!\d)\s+(?:and|but|while|whereas|or)\s+", re.I)


def disagreement(claim: str, quote: str, *, passage: str = "", about: str = "") -> str | None:
    """Return the first part of a claim that its source does not support, or None.

    `passage` is what the quote is from; names may come from it too, and from `about`, its title and headings.
    """
    claim, quote, passage = _plain(claim), _plain(quote), _plain(passage)
    about = f"{passage}\n{_plain(about)}"
    return (
        _missing_numbers(claim, quote, passage or quote)
        or _missing_links(claim, quote)
        or _missing_dates(claim, quote)
        or _missing_quotations(claim, f"{quote}\n{about}")
        or _missing_names(claim, f"{quote}\n{about}")
        or _reversed(claim, quote)
        or _excepted(claim, quote)
        or _restricted(claim, quote)
        or _at_another_rate(claim, quote)
    )


def has_other_figures(claim: str, sources: str) -> bool:
    """Whether a claim has a sum of money, a link or an e-mail address that its sources do not have."""
    claim, sources = _plain(claim), _plain(sources)
    known = {value for value, _ in _numbers(sources)}
    sums = [value for value, unit in _numbers(claim, claimed=True) if unit in _CURRENCIES]
    return any(value not in known for value in sums) or _missing_links(claim, sources) is not None


def contradicts(claim: str, sentence: str) -> bool:
    """Whether a sentence that is like a claim says the opposite: only one of them denies, or a word is turned round."""
    return denies(claim) != denies(sentence) or _reversed(_plain(claim), _plain(sentence)) is not None


def denies(text: str) -> bool:
    """Whether a text has a negation."""
    claimed = set(sentences.words(text))
    return bool(claimed & sentences.NEGATIONS or claimed & _DENYING) or _DENIED.search(text) is not None


def without_numbers(text: str) -> str:
    """Return a text without its numbers, which are compared exactly and count for nothing else."""
    text = _NUMBER.sub(lambda match: f" {match['after'] or ''} ", _plain(text))
    return _NUMBER_WORD.sub(" ", text)


def _plain(text: str) -> str:
    """Return a text in which what is the same is spelled the same: times of day, countries, "free of charge"."""
    for pattern, plain in _ALIASES:
        text = pattern.sub(_time if plain is None else plain, text)
    return text


def _time(match: re.Match[str]) -> str:
    hour = int(match[1]) % 12 + (12 if match[3].lower() == "p" else 0)
    return f"{hour}:{match[2] or '00'}"


def _missing_numbers(claim: str, quote: str, passage: str) -> str | None:
    sourced = _numbers(quote)
    for clause in clauses(claim):
        for value, unit in _numbers(clause, claimed=True):
            units = {known for number, known in sourced if number == value}
            if not units or (unit and unit not in units and any(units - {""})):
                return f"{value} {unit}".strip()
            if not _same_subject(value, unit, clause, passage):
                return f"{value} {unit}".strip()
    return None


def _same_subject(value: str, unit: str, clause: str, passage: str) -> bool:
    """Whether a number is said of what the claim says it of, where the passage has several of its kind."""
    wanted = sentences.content(without_numbers(clause)) - _measuring()
    rivals: list[tuple[int, bool]] = []
    for part in clauses(passage):
        values = [number for number, known in _numbers(part) if known == unit or not unit]
        if values:
            rivals.append((len(wanted & sentences.content(without_numbers(part))), value in values))
    best = max((shared for shared, _ in rivals), default=0)
    return not rivals or any(has for shared, has in rivals if shared == best)


@cache
def _measuring() -> frozenset[str]:
    return frozenset(sentences.stem(word) for word in _MEASURING)


def clauses(text: str) -> list[str]:
    """Return the pieces of a text of which each may say something of something else."""
    return [clause for piece in _sentences(text) for clause in _CLAUSE.split(piece) if clause.strip()]


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences.split(text)]


def _numbers(text: str, *, claimed: bool = False) -> list[tuple[str, str]]:
    """Return the numbers of a text, spelled one way, each with its unit or an empty string.

    "An hour" is a number where a source says it; in a claim only where it measures ("within an hour"), since "twice a
    day" does not.
    """
    text = _LINK.sub(" ", text)
    words = sentences.words(text)
    found = []
    for match in _NUMBER.finditer(text):
        unit = (match["before"] or match["after"] or "").lower()
        unit = _SAME_UNIT.get(unit, unit)
        unit = unit if unit in _UNITS else ""
        sign = "-" if match["sign"] else ""
        found.append((sign + _spelled(match["value"], unit), unit))
    for index, word in enumerate(words):
        # "one" is mostly no number: "this one", "one of the"
        if word in _NUMBER_WORDS and (word != "one" or _unit_after(words, index)):
            found.append((_NUMBER_WORDS[word], _unit_after(words, index)))
        measures = not claimed or (index > 0 and words[index - 1] in ("within", "in", "after", "for", "takes", "than"))
        if word in ("a", "an") and measures and _unit_after(words, index):
            found.append(("1", _unit_after(words, index)))
    return found


def _unit_after(words: list[str], index: int) -> str:
    following = words[index + 1 : index + 3]
    known = [_SAME_UNIT.get(word, word) for word in following if word not in ("business", "working", "calendar")]
    return known[0] if known and known[0] in _UNITS else ""


def _spelled(value: str, unit: str = "") -> str:
    """Return a number without separators of thousands: 1,000 and 1000, and of a measure without trailing zeros."""
    if ":" in value:
        return value.lstrip("0") or "0"
    if re.search(r"[/-]", value) or value.count(".") > 1:
        return value  # a date or a version
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", value):
        return re.sub(r"[.,]", "", value)
    whole, _, fraction = value.replace(",", ".").partition(".")
    whole = whole.lstrip("0") or "0"
    if unit or not fraction.strip("0"):  # 4.50 € is 4.5 €, and version 2.10 is not 2.1
        fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _missing_links(claim: str, quote: str) -> str | None:
    sourced = {_bare(link) for link in _LINK.findall(quote)}
    folded = quote.lower()
    return next(
        (
            link
            for link in _LINK.findall(claim)
            if _bare(link) not in sourced and not re.search(rf"(?<![\w./@-]){re.escape(_bare(link))}(?![\w/-])", folded)
        ),
        None,
    )


def _bare(link: str) -> str:
    """Return a link without what browsers add."""
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", link.rstrip(".,;:!?)").lower()).rstrip("/")


def _missing_dates(claim: str, quote: str) -> str | None:
    # "may" and "march" are words too: they count with a capital only, and not where a sentence begins
    claimed = {_DATES[word.lower()] for word in re.findall(r"\b[A-Z][a-z]+\b", claim) if word.lower() in _DATES}
    if claimed and (begins := claim.split()[0].lower()) in ("may", "march") and claim.lower().count(begins) == 1:
        claimed.discard(begins)
    sourced = {_DATES[word] for word in re.findall(r"[a-z]+", quote.lower()) if word in _DATES}
    return next(iter(sorted(claimed - sourced)), None)


def _missing_quotations(claim: str, text: str) -> str | None:
    folded = _folded(text)
    return next((claimed for claimed in _QUOTED.findall(claim) if _folded(claimed) not in folded), None)


def _folded(text: str) -> str:
    return " ".join(sentences.words(text))


def _missing_names(claim: str, text: str) -> str | None:
    """Return a name that does not stand in the text: a capital inside a sentence, capitals inside a word, codes."""
    known = set(sentences.words(text))
    stems = {sentences.stem(word) for word in known}
    claim = _LINK.sub(" ", claim)
    for match in _NAME.finditer(claim):
        name = match.group()
        first = not re.search(r"\w", claim[: match.start()])
        plain = re.sub(r"['’]", "", name)[1:].islower() and name[:1].isupper()
        if (first or _after_stop(claim, match.start())) and plain:
            continue  # a sentence's first word
        if (measured := re.fullmatch(r"\d+([A-Za-z]+)", name)) and measured[1].lower() in _UNIT_SPELLINGS:
            continue  # 25MB: a number with its unit, which was compared already
        for part in sentences.words(name):
            if part.isdigit() or part in _NO_NAMES:
                continue
            if re.sub(r"'(?:ll|re|ve|d|s|m)$", "", part) in sentences.STOP_WORDS | known:
                continue
            if part not in known and sentences.stem(part) not in stems:
                return name
    return None


def _after_stop(claim: str, end: int) -> bool:
    return re.search(r"[.!?:;•\-–—(“\"]\s*$", claim[:end]) is not None


def _reversed(claim: str, quote: str) -> str | None:
    claimed, sourced = set(sentences.words(claim)), set(sentences.words(quote))
    for word, antonym in _OPPOSITES:
        for side, opposite in ((word, antonym), (antonym, word)):
            if claimed & side and not sourced & side and sourced & opposite and not claimed & opposite:
                return next(iter(sorted(claimed & side)))
    for side, opposite in ((_ALL, _SOME), (_MUST, _MAY)):
        if claimed & side and not sourced & side and sourced & opposite and not claimed & opposite:
            return next(iter(sorted(claimed & side)))
    only = _ONLY.search(claim)
    if only is not None and not _ONLY.search(quote) and "just" not in sourced:
        return only.group().lower()
    return None


def _restricted(claim: str, quote: str) -> str | None:
    """Return the beginning of a restriction that a claim leaves out: "… if it is unopened", "only premium members"."""
    claimed = sentences.content(without_numbers(claim))
    for sentence in _sentences(quote):
        match = _CONDITION.search(sentence)
        if match is None or len(claimed & sentences.content(sentence[: match.start()])) < 2:
            continue
        condition = sentences.content(without_numbers(sentence[match.end() :]))
        if condition and not claimed & condition and not _CONDITION.search(claim):
            return match.group().lower()
    only = re.search(r"\bonly\s+((?:[\w-]+\s+){1,3})", quote, re.I)
    if only is not None and "only" not in sentences.words(claim):
        who = [sentences.stem(word) for word in sentences.words(only[1]) if word not in sentences.STOP_WORDS]
        if len(who) >= 2 and who[1] in claimed and who[0] not in claimed:
            return "only"
    return None


def _at_another_rate(claim: str, quote: str) -> str | None:
    """Return the unit of a rate in a claim ("a month") when its source has only other units; else None."""
    sourced = {unit.lower() for unit in _RATE.findall(quote)}
    return next((unit for unit in map(str.lower, _RATE.findall(claim)) if sourced and unit not in sourced), None)


def _excepted(claim: str, quote: str) -> str | None:
    """Return a content word of a claim that its source excepts ("free, except furniture"), or None."""
    if _EXCEPTION.search(claim) or denies(claim):
        return None
    claimed = sentences.content(without_numbers(claim))
    for sentence in _sentences(quote):
        match = _EXCEPTION.search(sentence)
        if match is not None:
            before, after = sentence[: match.start()], re.split(r"[,;]", sentence[match.end() :])[0]
            taken_out = sentences.content(without_numbers(after)) - sentences.content(before)
            if claimed & taken_out:
                return next(iter(sorted(claimed & taken_out)))
    return None
