"""Write what is learned of the escalation examples with the default model and without one.

Run it when the examples or the export of the model change; a test says when.
"""

import argparse
from pathlib import Path

from kb.embedding import OnnxEmbedder
from kb.lexical_only import LexicalOnlyEmbedder
from worker.answering.check import cross_encoder
from worker.answering.triage.learned_examples import LearnedExamples


def main() -> None:
    """Learn, and write the files that ship."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of the exported embedding model")
    arguments = parser.parse_args()
    for old in cross_encoder.shipped("escalation").glob("*.npz"):
        old.unlink()
    for embedder in (OnnxEmbedder.load(arguments.model), LexicalOnlyEmbedder()):
        print(LearnedExamples(embedder, None).ship())


if __name__ == "__main__":
    main()
