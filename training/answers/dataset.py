"""Bring the pairs of all sources together: `python -m training.answers.dataset --shared … --out …`.

Writes train.jsonl, held_out.jsonl and reported.jsonl. Pairs of the same group (a domain, an article, a thread) stay on
one side. `held_out` is what the calibration and the threshold are fitted on; `reported` is every second article of
SQuAD and half of StackFAQ's threads, for reporting alone.
"""

import argparse
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from training.answers import sources
from training.answers.sources import Pair
from training.cross_encoder import SEED

#: The share of groups that is held out.
HELD_OUT = 0.12

#: A passage that is this similar to the one that answers may answer as well, and is no negative.
MAX_SIMILARITY = 0.25

#: Passages of the most similar that are negatives of a question, by source.
NEAREST = {"written": 1, "support-passages": 1, "stackfaq": 2, "squad": 1, "xquad": 1}


def nearest(pairs: list[Pair], *, count: int) -> Iterator[Pair]:
    """Yield for each question the most similar passages of its source, by TF-IDF, that do not answer it."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    passages = {(pair.title, pair.passage): pair.group for pair in pairs}
    texts, groups = list(passages), np.array(list(passages.values()))
    places = {text: place for place, text in enumerate(texts)}
    asked = [pair for pair in pairs if pair.answered]
    reader = TfidfVectorizer(sublinear_tf=True, stop_words="english", ngram_range=(1, 2))
    vectors = reader.fit_transform([f"{title} {text}" for title, text in texts])
    scores = (reader.transform([pair.question for pair in asked]) @ vectors.T).toarray()
    likeness = (vectors @ vectors.T).toarray()
    for pair, row in zip(asked, scores, strict=True):
        row[likeness[places[pair.title, pair.passage]] > MAX_SIMILARITY] = 0
        if pair.source == "stackfaq":  # every answer of its thread is relevant
            row[groups == pair.group] = 0
        for place in np.argsort(-row)[:count]:
            if row[place] > 0:
                title, text = texts[int(place)]
                source = f"{pair.source}-near"
                yield replace(pair, passage=text, title=title, answered=False, answer="", source=source, kind="near")


def reported_articles(pairs: Iterable[Pair]) -> frozenset[str]:
    """Return every second article of SQuAD by name."""
    return frozenset(sorted({pair.group for pair in pairs})[1::2])


def collect(shared: Path, written: Path) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs to train on, and those that are for reporting alone."""
    squad = list(sources.squad(shared / "squad2_dev"))
    articles = reported_articles(squad)
    reported = [pair for pair in squad if pair.group in articles]
    seen = {_folded(pair.passage) for pair in reported}
    threads = list(sources.stackfaq(shared / "stackfaq"))
    parts = {
        "squad": [pair for pair in squad if pair.group not in articles],
        "xquad": [
            pair
            for pair in sources.xquad(shared / "xquad" / "en")
            if not any(_folded(pair.passage) in text or text in _folded(pair.passage) for text in seen)
        ],
        "stackfaq": [pair for pair in threads if _digest(pair.group) % 2],
        "written": list(sources.written(written)),
        "desks": list(sources.of_desks(written)),
    }
    of_support = list(sources.of_support())
    parts["support-passages"] = [pair for pair in of_support if pair.source == "support-passages"]
    pairs = [pair for part in parts.values() for pair in part]
    pairs += [pair for pair in of_support if pair.source == "support-answers"]
    pairs += sources.without_answer(parts["squad"] + parts["xquad"], seed=SEED)
    for name, count in NEAREST.items():
        if parts[name]:
            pairs += nearest(parts[name], count=count)
    left = [pair for pair in threads if not _digest(pair.group) % 2]
    reported += left + list(nearest(left, count=2))
    return _distinct(pairs), reported


def is_held_out(pair: Pair) -> bool:
    """Whether a pair is held out, by its group."""
    return _digest(f"held out {pair.group}") % 256 < HELD_OUT * 256


def _distinct(pairs: Iterable[Pair]) -> list[Pair]:
    """Return pairs each once: the first of those with the same question and passage."""
    seen: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        if re.search(r"\w", pair.question) and pair.passage.strip():
            seen.setdefault((_folded(pair.question), _folded(pair.passage)), pair)
    return list(seen.values())


def _digest(text: str) -> int:
    return hashlib.sha256(text.encode()).digest()[0]


def _folded(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())


def main() -> None:
    """Write the three files and print what is in them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True, help="folder with squad2_dev, xquad and stackfaq")
    parser.add_argument("--written", type=Path, default=Path(__file__).parent / "written")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    pairs, reported = collect(arguments.shared, arguments.written)
    arguments.out.mkdir(parents=True, exist_ok=True)
    parts = {
        "train": [pair for pair in pairs if not is_held_out(pair)],
        "held_out": [pair for pair in pairs if is_held_out(pair)],
        "reported": reported,
    }
    for name, part in parts.items():
        sources.write(arguments.out / f"{name}.jsonl", part)
        counts = Counter((pair.source, pair.answered) for pair in part)
        print(name, len(part))
        for source in sorted({source for source, _ in counts}):
            print(f"  {source}: {counts[source, True]} answered, {counts[source, False]} not")


if __name__ == "__main__":
    main()
