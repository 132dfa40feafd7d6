from pathlib import Path

import pytest

from tests.support.embeddings import TinyEmbedder
from worker.answering.triage.learned_examples import LearnedExamples


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what `TinyEmbedder` learned from the examples that ship; no test changes it."""
    folder = tmp_path_factory.mktemp("tiny")
    LearnedExamples(TinyEmbedder(), folder).recogniser()
    return folder
