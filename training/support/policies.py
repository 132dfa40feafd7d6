"""Policies of made-up shops, software makers and banks: each with true rewordings and with faults, for training.

The facts are in policies.json. A fact is a template; `{…}` are filled with values that are drawn once per fact, and
`{…!}` in a fault with another value of the same kind. The domains and wordings are written for training alone: nothing
is taken from the sample help centre.
"""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

from training.support.planted import opened
from training.support.sources import Pair

_WRITTEN = json.loads(Path(__file__).with_suffix(".json").read_text())
_VALUES: dict[str, list[str]] = _WRITTEN["values"]

#: What a passage says, true rewordings of it, and faults.
_FACTS: list[tuple[str, list[str], list[str]]] = [
    (fact["says"], fact["true"], fact["false"]) for fact in _WRITTEN["facts"]
]

_SLOT = re.compile(r"\{([A-Za-z]+?)(\d?)(!?)\}")


def generate(count: int, *, seed: int = 0) -> Iterator[Pair]:
    """Yield `count` pairs over passages of one to five facts, a little more than half of them not supported.

    A rewording of a fact that the passage does not have is not supported either, so that no wording is always true.
    """
    chance = random.Random(seed)
    for _ in range(count):
        facts = chance.sample(_FACTS, chance.randint(2, 6))
        absent = facts.pop()
        values = [{kind: chance.sample(options, len(options)) for kind, options in _VALUES.items()} for _ in facts]
        premise = " ".join(_filled(fact[0], drawn, chance) for fact, drawn in zip(facts, values, strict=True))
        place = chance.randrange(len(facts))
        fact, rewordings, faults = facts[place]
        kind = chance.random()
        if kind < 0.42:
            template, supported = chance.choice(rewordings), True
        elif kind < 0.47:
            template, supported = fact, True
        elif kind < 0.90:
            template, supported = chance.choice(faults), False
        else:
            template, supported = chance.choice(absent[1]), False
        claim = opened(_filled(template, values[place], chance), chance)
        yield Pair(premise=premise, claim=claim, supported=supported, source="policies")


def _filled(template: str, values: dict[str, list[str]], chance: random.Random) -> str:
    def value(slot: re.Match[str]) -> str:
        kind, number, other = slot[1].lower(), int(slot[2] or 1) - 1, slot[3]
        drawn = values[kind]
        text = chance.choice(drawn[4:]) if other and len(drawn) > 5 else drawn[-1] if other else drawn[number]
        return text[:1].upper() + text[1:] if slot[1][0].isupper() else text

    text = _SLOT.sub(value, template)
    return text[:1].upper() + text[1:]
