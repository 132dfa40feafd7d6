"""Make pairs from unlabelled texts by rule: sentences with a planted fault, and the same sentences in other words."""

import random
import re
from collections.abc import Callable, Iterator, Sequence

from kb import sentences
from training.support.sources import Pair

#: The same in other words; each side stands for the other.
_SYNONYMS = tuple(
    (re.compile(rf"\b{one}\b", re.I), other)
    for pair in (
        "buy/purchase begin/start get/receive need/require help/assist choose/select show/display fix/repair "
        "parcel/package delete/remove find/locate ask/request send/dispatch "
        "about/roughly quickly/fast big/large small/little often/frequently e-mail/mail phone/telephone "
        "picture/image error/problem make/create change/modify allow/permit sign-in/login try/attempt "
        "several/various usually/normally whole/entire happen/occur "
        "area/region famous/well-known important/significant many/numerous since/because"
    ).split()
    for left, right in [pair.split("/")]
    for one, other in ((left, right), (right, left))
)
_PHRASES = tuple(
    (re.compile(pattern, re.I), other)
    for pattern, other in (
        (r"\byou can\b(?!'t)", "you are able to"),
        (r"\byou can\b(?!'t)", "it is possible to"),
        (r"\byou must\b", "you have to"),
        (r"\byou need to\b", "you have to"),
        (r"\bdo not\b", "don't"),
        (r"\bdoes not\b", "doesn't"),
        (r"\bcannot\b", "can't"),
        (r"\bis not\b", "isn't"),
        (r"\bare not\b", "aren't"),
        (r"\bit is\b", "it's"),
        (r"\bin order to\b", "to"),
        (r"\bfor example\b", "for instance"),
        (r"\bas well as\b", "and"),
        (r"\bwithin (\d+)\b", r"in at most \1"),
        (r"\bat least (\d+)\b", r"\1 or more"),
        (r"\bmore than (\d+)\b", r"over \1"),
        (r"\b24 hours\b", "one day"),
        (r"\b60 minutes\b", "one hour"),
        (r"\b12 months\b", "one year"),
        (r"\b24 months\b", "two years"),
        (r"\b14 days\b", "two weeks"),
        (r"\b7 days\b", "one week"),
        (r"\btwo\b", "2"),
        (r"\bthree\b", "3"),
        (r"\bten\b", "10"),
        (r"\b5\b", "five"),
        (r"\b10\b", "ten"),
    )
)
_OPENINGS = tuple(
    line[1:-1]
    for line in """
"Yes, "
"Sure, "
"Of course: "
"Good question! "
"Thanks for asking. "
"Yes. "
"Happy to help: "
"In short: "
"oh yes, "
"that is true. "
"i know that "
"well, "
"As far as the article says, "
"Great news: "
"yeah, "
"Did you know that "
"**Note:** "
"- "
""".strip().splitlines()
)
_ADDITIONS = tuple(
    """
and we send a courier to your home
or call our hotline at any time
and it is free of charge
and it also works offline
by phone or by e-mail
and you get a confirmation by text message
within two working days
on every day of the week
for all customers
without any further conditions
and nobody else
at no extra cost
since 2015
in most countries
and in the United States
as well as in Canada
together with his brother
for the first time
which made it famous
and it can be cancelled at any time
even after the deadline
as long as you have an account
if you are over 18
because it is required by law
according to the support team
and then restart your computer
in less than an hour
and this was later confirmed by several studies
up to three times a day
with a discount of ten percent
""".strip().splitlines()
)
_CHAT = tuple(
    """
I like that too.
i don't know much about that.
Have you ever tried it?
I wonder why that is.
that is so cool!
I agree, it is really interesting.
Do you have a favourite?
i have been there once.
It was my favorite when I was young.
I think it is the best one.
My brother told me about it.
I'm not sure, but I would like to learn more.
""".strip().splitlines()
)
_OPPOSITES = tuple(
    (re.compile(rf"\b{one}\b", re.I), other)
    for pair in (
        "before/after over/under more/less minimum/maximum with/without always/never open/closed free/paid "
        "allow/forbid increase/decrease accept/refuse add/remove higher/lower first/last largest/smallest "
        "enable/disable "
        "online/offline available/unavailable possible/impossible new/old public/private early/late required/optional "
        "automatically/manually can/cannot all/some some/all most/all many/few must/may may/must usually/always "
        "often/always sometimes/always only/also one/two each/some same/different north/south east/west men/women "
        "mobile/desktop upload/download include/exclude before/until buy/sell win/lose top/bottom left/right high/low"
    ).split()
    for left, right in [pair.split("/")]
    for one, other in ((left, right), (right, left))
)
_UNITS = "minutes hours days weeks months years".split()
_NUMBER = re.compile(r"\b\d+(?:[.,]\d+)?\b")
_NUMBER_WORD = re.compile(r"\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty)\b", re.I)
_VERB = re.compile(r"\b(is|are|was|were|can|could|will|would|must|should|has|have|does|do)\b(?! not|n't)")
_NOT = re.compile(r"\b(is|are|was|were|can|could|will|would|must|should|has|have|does|do)( not|n't)\b|\bcannot\b")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-zA-Z]{2,}(?: [A-Z][a-zA-Z]+)?\b")
_CONDITION = re.compile(
    r"(?<=[a-z])(,? (?:if|unless|as long as|provided|when|except|but only|until|before|after)\b[^.;]*)(?=[.;])"
)
_IF_FIRST = re.compile(r"^If ([^,]{5,80}), ([^.]+)\.$")
_RESTRICTION = re.compile(
    r"\b(?:only|usually|sometimes|mostly|at least|at most|up to|most|some of|partly|about|nearly)\s", re.I
)
_LIST = re.compile(r"\b([a-z]+) and ([a-z]+)\b")

Edit = Callable[[str, random.Random, "Material"], str | None]


class Material:
    """What faults are made of: the names and sentences of all texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.names = sorted({name for text in texts for name in _NAME.findall(text)}) or ["Canada"]
        self.sentences = [sentence for text in texts for sentence in usable(text)]


def usable(text: str) -> list[str]:
    """Return the sentences of a text that claims can be made of."""
    found = [text[start:end] for start, end in sentences.split(text)]
    return [one for one in found if 6 <= len(one.split()) <= 45 and one[-1] in ".!" and one[0].isupper()]


def _number(text: str, chance: random.Random, _: Material) -> str | None:
    found = list(_NUMBER.finditer(text)) or list(_NUMBER_WORD.finditer(text))
    if not found:
        return None
    at = chance.choice(found)
    if at[0][0].isdigit():
        step = chance.choice((1, 2, 3, 5, 10))
        other = re.sub(r"\d+", lambda digits: str(int(digits[0]) + step), at[0], count=1)
    else:
        other = chance.choice([word for word in ("two", "three", "four", "six", "ten") if word != at[0].lower()])
    return text[: at.start()] + other + text[at.end() :]


def _unit(text: str, chance: random.Random, _: Material) -> str | None:
    found = [unit for unit in _UNITS if re.search(rf"\b{unit}?\b", text)]
    if not found:
        return None
    unit = chance.choice(found)
    return re.sub(rf"\b{unit}\b", chance.choice([one for one in _UNITS if one != unit]), text, count=1)


def _negated(text: str, chance: random.Random, _: Material) -> str | None:
    found = _NOT.search(text)
    if found is not None:
        return text[: found.start()] + (found[1] or "can") + text[found.end() :]
    verbs = list(_VERB.finditer(text))
    at = chance.choice(verbs) if verbs else None
    return text[: at.end()] + chance.choice((" not", " never", " no longer")) + text[at.end() :] if at else None


def _opposite(text: str, chance: random.Random, _: Material) -> str | None:
    found = [(at, other) for pattern, other in _OPPOSITES if (at := pattern.search(text))]
    if not found:
        return None
    at, other = chance.choice(found)
    return f"{text[: at.start()]}{_cased(other, at[0])}{text[at.end() :]}"


def _renamed(text: str, chance: random.Random, material: Material) -> str | None:
    found = list(_NAME.finditer(text))
    if not found:
        return None
    at = chance.choice(found)
    return f"{text[: at.start()]}{chance.choice(material.names)}{text[at.end() :]}"


def _unconditional(text: str, chance: random.Random, _: Material) -> str | None:
    found = _CONDITION.search(text) or _RESTRICTION.search(text)
    first = _IF_FIRST.match(text)
    if first is not None and (found is None or chance.random() < 0.7):
        return f"{_capital(first[2])}."
    return _capital(text[: found.start()] + text[found.end() :]) if found else None


def _added(text: str, chance: random.Random, _: Material) -> str | None:
    return f"{text.rstrip('.!')} {chance.choice(_ADDITIONS)}."


def _added_sentence(text: str, chance: random.Random, material: Material) -> str | None:
    other = chance.choice(material.sentences)
    return f"{text.rstrip('.!')}, and {other[:1].lower()}{other[1:]}"


def _added_item(text: str, chance: random.Random, material: Material) -> str | None:
    found = _LIST.search(text)
    names = list(_NAME.finditer(text))
    if names and chance.random() < 0.6:
        at = chance.choice(names)
        return f"{text[: at.end()]} and {chance.choice(material.names)}{text[at.end() :]}"
    if found is None:
        return None
    words = chance.choice(material.sentences).split()
    item = chance.choice(words[1:]).strip(".,").lower()
    return f"{text[: found.start(1)]}{found[1]}, {item} and {found[2]}{text[found.end() :]}"


def _absolute(text: str, chance: random.Random, _: Material) -> str | None:
    verb = re.search(r"\b(?:is|are|can|will|must)\b(?! (?:always|only|never))", text)
    return text[: verb.end()] + chance.choice((" always", " only", " still")) + text[verb.end() :] if verb else None


_SWAPPED = {"you": "we", "we": "you", "your": "our", "our": "your", "us": "you"}


def _roles(text: str, _chance: random.Random, _material: Material) -> str | None:
    if not re.search(r"\bwe\b|\bour\b", text, re.I):
        return None

    def swapped(word: re.Match[str]) -> str:
        other = _SWAPPED[word[0].lower()]
        return other.capitalize() if word[0][0].isupper() else other

    other = re.sub(r"\b(?:you|we|your|our|us)\b", swapped, text, flags=re.I)
    return other if other != text else None


#: Each as often as it stands here.
_FAULTS: tuple[Edit, ...] = (
    *(_number, _number, _unit, _negated, _opposite, _opposite, _renamed, _renamed),
    *(_unconditional, _unconditional, _added, _added, _added_sentence, _added_item, _absolute, _roles),
)


def reworded(text: str, chance: random.Random) -> str:
    """Return a sentence that says the same in other words."""
    if chance.random() < 0.35:
        text = _turned(text)
    for pattern, other in chance.sample(_PHRASES, len(_PHRASES)):
        if chance.random() < 0.5:
            text = pattern.sub(other, text, count=1)
    for pattern, other in chance.sample(_SYNONYMS, len(_SYNONYMS) // 2):
        at = pattern.search(text)
        text = f"{text[: at.start()]}{_cased(other, at[0])}{text[at.end() :]}" if at is not None else text
    if chance.random() < 0.3:
        text = re.sub(r"\s*\([^)]*\)", "", text)
    if chance.random() < 0.2:
        text = re.sub(r", which [^,.]+(?=[,.])", "", text)
    return text


def opened(text: str, chance: random.Random) -> str:
    """Return a sentence as a chat would open it, half of the time."""
    drawn = chance.random()
    if drawn < 0.30:
        text = chance.choice(_OPENINGS) + text[:1].lower() + text[1:]
    elif drawn < 0.4:
        text = text.lower()
    return text


def _turned(text: str) -> str:
    found = _IF_FIRST.match(text)
    return f"{_capital(found[2])} if {found[1]}." if found is not None else text


def _joined(text: str, following: str) -> str:
    return f"{text.rstrip('.!')}, and {following[:1].lower()}{following[1:]}"


def generate(passages: Sequence[str], count: int, *, source: str, seed: int = 0) -> Iterator[Pair]:
    """Yield about `count` pairs over passages, 45 % of them supported."""
    chance = random.Random(seed)
    material = Material(passages)
    with_sentences = [(passage, found) for passage in passages if (found := usable(passage))]
    for _ in range(count):
        passage, found = chance.choice(with_sentences)
        at = chance.randrange(len(found))
        premise, sentence = _window(passage, found[at], chance), found[at]
        drawn = chance.random()
        if drawn < 0.45:
            if at + 1 < len(found) and found[at + 1] in premise and chance.random() < 0.3:
                sentence = _joined(sentence, found[at + 1])
            claim, supported = opened(reworded(sentence, chance), chance), True
        elif drawn < 0.85:
            faulty = _faulty(sentence, chance, material)
            if faulty is None or _plain(faulty) in _plain(premise):
                continue
            claim, supported = opened(reworded(faulty, chance), chance), False
        elif drawn < 0.95:
            near = [one for one in found if one not in premise]
            claim, supported = opened(chance.choice(near or material.sentences), chance), False
        else:
            extra = chance.choice(_CHAT)
            claim, supported = (f"{reworded(sentence, chance)} {extra}" if chance.random() < 0.5 else extra), False
        if supported or _plain(claim) not in _plain(premise):
            yield Pair(premise=premise, claim=claim, supported=supported, source=source)


def _faulty(sentence: str, chance: random.Random, material: Material) -> str | None:
    for fault in chance.sample(_FAULTS, len(_FAULTS)):
        other = fault(sentence, chance, material)
        if other is not None and _plain(other) != _plain(sentence):
            return other
    return None


def _window(passage: str, sentence: str, chance: random.Random) -> str:
    """Return the sentence with one to five of its neighbours, or the passage."""
    spans = list(sentences.split(passage))
    place = next((at for at, span in enumerate(spans) if passage[slice(*span)] == sentence), 0)
    if chance.random() < 0.25:
        return passage
    first = max(0, place - chance.randint(0, 3))
    last = min(len(spans) - 1, place + chance.randint(0, 3))
    return passage[spans[first][0] : spans[last][1]]


def _plain(text: str) -> str:
    return " ".join(sentences.words(text))


def _cased(word: str, like: str) -> str:
    """Return a word with a capital where the other one has one."""
    return word.capitalize() if like[0].isupper() else word


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
