"""Mix the written sentences with a share of the other pairs: `python -m training.support.mixed`."""

import argparse
import random
from pathlib import Path

from training.support import sources
from training.support.dataset import SEED


def main() -> None:
    """Write train.jsonl with all written sentences and a share of the other pairs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that training.support.dataset wrote")
    parser.add_argument("--share", type=float, required=True, help="of the pairs of other sources, 0 to 1")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    chance = random.Random(SEED)
    pairs = [
        pair
        for pair in sources.read(arguments.data / "train.jsonl")
        if pair.source.startswith("written-") or chance.random() < arguments.share
    ]
    arguments.out.mkdir(parents=True, exist_ok=True)
    sources.write(arguments.out / "train.jsonl", pairs)
    print(len(pairs), "pairs")


if __name__ == "__main__":
    main()
