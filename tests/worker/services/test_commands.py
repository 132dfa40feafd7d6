"""Commands load the embedding model only when they need it."""

import pytest

from kb.errors import ModelMissing
from worker.services.commands import build_commands
from worker.services.common import build_common


def test_a_command_starts_without_the_embedding_model_and_an_indexing_one_says_that_it_is_missing(settings):
    common = build_common(settings)
    commands = build_commands(common)
    assert commands.keys is not None
    assert commands.snapshot_cache.lexical_only
    assert commands.agent.answerer.name == "extractive"
    with pytest.raises(ModelMissing):
        _ = commands.indexer
    common.close(timeout_s=0.1)
