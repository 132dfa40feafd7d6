"""The settings choose the embedding model: one that runs here, or one behind an endpoint."""

from dataclasses import replace

import pytest

from kb.errors import ModelMissing
from worker.embeddings.embedder import EndpointEmbedder
from worker.embeddings.finder import build_finder, endpoint_identity
from worker.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


@pytest.fixture
def endpoint(settings):
    """The settings of an endpoint that nobody serves: building asks none."""
    return replace(settings, embedding_url="http://127.0.0.1:9/v1", embedding_model="m", embedding_dimensions=64)


def test_without_an_endpoint_the_model_runs_here(settings, embedder):
    assert build_finder(settings, lambda *_: None).identity == embedder.identity


def test_a_model_that_is_not_there_is_missing(settings):
    with pytest.raises(ModelMissing, match="answerback model export"):
        build_finder(replace(settings, embedding_model="acme/none"), lambda *_: None)


def test_an_endpoint_is_used_where_the_settings_name_one(endpoint):
    built = build_finder(endpoint, lambda *_: None)
    assert isinstance(built, EndpointEmbedder)
    assert (built.identity, built.dimensions) == (endpoint_identity(endpoint), 64)


@pytest.mark.parametrize(
    "changes",
    [
        {"embedding_model": "other"},
        {"embedding_dimensions": 32},
        {"embedding_query_prompt": "query: "},
        {"embedding_passage_prompt": "passage: "},
    ],
)
def test_whatever_gives_other_vectors_gives_them_another_name(endpoint, changes):
    changed = replace(endpoint, **changes)
    assert endpoint_identity(changed) != endpoint_identity(endpoint)
    assert build_finder(changed, lambda *_: None).identity == endpoint_identity(changed)
