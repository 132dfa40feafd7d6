"""Bring the pairs of all sources together: `python -m training.support.dataset --shared … --mirror … --out …`.

Writes train.jsonl, held_out.jsonl and dev.jsonl. Pairs with the same premise stay on one side. `held_out` is what the
calibration and the threshold are fitted on; `dev` is for reporting alone.
"""

import argparse
import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from training.support import planted, policies, sources
from training.support.sources import Pair

#: Pairs taken of a source at most; the others are taken whole.
LIMITS = {"conjnli": 4_500, "help": 800, "squad": 3_000, "summedits": 2_500, "wiki-split": 2_000}

#: Pairs made by rule, by the texts that they are made of.
PLANTED = {"login.gov": 1_800, "stackfaq": 1_200, "squad-texts": 1_600}
POLICIES = 3_400

#: The share of each source that is held out.
HELD_OUT = 0.15

#: What reads like what is reported on; `--without near` leaves these out.
NEAR = frozenset("begin-wow begin-cmu faithdial factual-dialogs q-squared wice-train".split())

#: Pairs that rules made or changed; people labelled the others.
BY_RULE = frozenset("conjnli help squad wiki-split login.gov stackfaq squad-texts policies".split())

SEED = 20261129


def collect(shared: Path, mirror: Path) -> list[Pair]:
    """Return the pairs of all sources, in the same order each time."""
    pairs = sources.labelled(shared / "support" / "train.jsonl")
    for read in (
        sources.begin,
        sources.faithdial,
        sources.factual_dialogs,
        sources.q_squared,
        sources.wice_tokens,
        sources.summedits,
        sources.fool_me_twice,
        sources.fever_symmetric,
    ):
        pairs += read(mirror)
    pairs += sources.squad(shared / "squad2_dev", seed=SEED)
    pairs += sources.wiki_split(mirror, seed=SEED)
    texts = {
        "login.gov": login_gov(mirror),
        "stackfaq": _corpus(shared / "stackfaq"),
        "squad-texts": _corpus(shared / "squad2_dev"),
    }
    for name, passages in texts.items():
        if passages:
            pairs += planted.generate(passages, PLANTED[name], source=name, seed=SEED)
    pairs += policies.generate(POLICIES, seed=SEED)
    pairs += sources.written(Path(__file__).parent / "written")
    return _limited(_distinct(pairs))


def login_gov(mirror: Path) -> list[str]:
    """Return the passages of Login.gov's help centre, which is in the public domain."""
    repository = "GSA-TTS/identity-site"
    passages = []
    for path in sources.listed(mirror, repository, "content/_help"):
        if path.endswith(".md") and not re.search(r"[._/](?:es|fr|zh)\b", path):
            text = sources.mirrored(mirror, repository, path)
            passages += _paragraphs(re.sub(r"^---\n.*?\n---\n", "", text, flags=re.S))
    return sorted(set(passages))


def _paragraphs(markdown: str) -> list[str]:
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{:.*?\}|<[^>]+>", " ", markdown, flags=re.S)
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"[*_`]{1,3}", "", text)
    sections = re.split(r"\n#+ .*\n", f"\n{text}")
    plain = (" ".join(re.sub(r"^\s*(?:[-*]|\d+\.)\s+", "", line) for line in part.splitlines()) for part in sections)
    return [" ".join(part.split()) for part in plain if len(part.split()) >= 12]


def _corpus(folder: Path) -> list[str]:
    return [json.loads(line)["text"] for line in (folder / "corpus.jsonl").read_text().splitlines()]


def _distinct(pairs: Iterable[Pair]) -> list[Pair]:
    """Return the pairs that have words, each once: the first of those with the same premise and claim."""
    seen: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        if pair.premise.strip() and re.search(r"\w", pair.claim):
            seen.setdefault((_folded(pair.premise), _folded(pair.claim)), pair)
    return list(seen.values())


def _limited(pairs: list[Pair]) -> list[Pair]:
    chance = random.Random(SEED)
    chance.shuffle(pairs)
    taken: Counter[str] = Counter()
    kept = []
    for pair in pairs:
        taken[pair.source] += 1
        if taken[pair.source] <= LIMITS.get(pair.source, len(pairs)):
            kept.append(pair)
    return kept


def is_held_out(pair: Pair) -> bool:
    """Whether a pair is held out, by its premise."""
    digest = hashlib.sha256(_folded(pair.premise).encode()).digest()
    return digest[0] < HELD_OUT * 256


def _folded(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())


def main() -> None:
    """Write the three files and print what is in them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True, help="folder with support, squad2_dev and stackfaq")
    parser.add_argument("--mirror", type=Path, required=True, help="folder of bare clones, <owner>+<name>/repo")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--without", choices=["near"], help="leave out what reads like the reporting sets")
    arguments = parser.parse_args()
    dev = sources.labelled(arguments.shared / "support" / "dev.jsonl")
    reported = {(_folded(pair.premise), _folded(pair.claim)) for pair in dev} | {_folded(pair.claim) for pair in dev}
    pairs = [
        pair
        for pair in collect(arguments.shared, arguments.mirror)
        if _folded(pair.claim) not in reported and not (arguments.without and pair.source in NEAR)
    ]
    arguments.out.mkdir(parents=True, exist_ok=True)
    parts = {
        "train": [pair for pair in pairs if not is_held_out(pair)],
        "held_out": [pair for pair in pairs if is_held_out(pair)],
        "dev": dev,
    }
    for name, part in parts.items():
        sources.write(arguments.out / f"{name}.jsonl", part)
        counts = Counter((pair.source, pair.supported) for pair in part)
        print(name, len(part))
        for source in sorted({source for source, _ in counts}):
            print(f"  {source}: {counts[source, True]} supported, {counts[source, False]} not")


if __name__ == "__main__":
    main()
