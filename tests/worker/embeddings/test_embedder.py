import numpy as np

from tests.support.embeddings import DIMENSIONS, embeddings
from tests.support.endpoint import endpoint
from worker.embeddings.embedder import EndpointEmbedder, identity_of
from worker.embeddings.finder import build_finder, endpoint_identity
from worker.settings import Settings
from worker.telemetry.counters import Unmetered

ENV = {
    "ANSWERBACK_EMBEDDING_MODEL": "nomic-embed-text",
    "ANSWERBACK_EMBEDDING_DIMENSIONS": str(DIMENSIONS),
    "ANSWERBACK_EMBEDDING_QUERY_PROMPT": '"search_query: "',
    "ANSWERBACK_EMBEDDING_PASSAGE_PROMPT": '"search_document: "',
}


def test_queries_and_passages_have_prompts_of_their_own():
    with endpoint(embeddings) as served:
        embedder = build_finder(Settings.from_env(ENV | {"ANSWERBACK_EMBEDDING_URL": served.url}), Unmetered())
        assert isinstance(embedder, EndpointEmbedder)
        assert embedder.encode("parcel").shape == (DIMENSIONS,)
        assert embedder.encode_passages(["parcels", "refunds"]).shape == (2, DIMENSIONS)
    assert [request["input"] for request in served.requests] == [
        ["search_query: parcel"],
        ["search_document: parcels", "search_document: refunds"],
    ]
    assert embedder.count_tokens("parcel " * 1000) == 1002


def test_another_model_length_or_prompt_has_other_vectors_and_another_server_has_not():
    given = {"dimensions": 8, "query_prompt": "", "passage_prompt": ""}
    identities = {
        identity_of("a", **given),
        identity_of("b", **given),
        identity_of("a", **{**given, "dimensions": 16}),
        identity_of("a", **{**given, "query_prompt": "query: "}),
        identity_of("a", **{**given, "passage_prompt": "query: "}),
    }
    assert len(identities) == 5
    assert len(identity_of("m" * 500, **given)) < 200  # the column of vectors
    one, other = (
        Settings.from_env(ENV | {"ANSWERBACK_EMBEDDING_URL": url}) for url in ("http://127.0.0.1:1", "https://b/v1")
    )
    assert endpoint_identity(one) == endpoint_identity(other) == build_finder(one, Unmetered()).identity


def test_without_an_endpoint_the_model_runs_here():
    finder = build_finder(Settings.from_env({}), Unmetered())
    assert finder.identity.startswith("all-MiniLM-L6-v2:int8:")
    assert np.linalg.norm(finder.encode("parcel")) > 0.99
