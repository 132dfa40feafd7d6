"""The embedding model with which passages are found: one that runs here, or one behind an endpoint."""

from kb.embedding import Embedder, load
from worker.addresses import WORKER_RESOLVE_TIMEOUT_S, Guard, resolve_within
from worker.embeddings.client import EmbeddingsClient
from worker.embeddings.embedder import EndpointEmbedder, identity_of
from worker.settings import Settings
from worker.telemetry.counters import Meter


def build_finder(settings: Settings, meter: Meter) -> Embedder:
    """Build the embedding model of queries and passages; an endpoint is not asked yet.

    Raises:
        ModelMissing, ModelInvalid: the model that runs here cannot be loaded.
    """
    url, dimensions = settings.embedding_url, settings.embedding_dimensions
    if url is None or dimensions is None:
        return load(
            settings.embedding_folder, precision=settings.embedding_precision, overrides=settings.embedding_overrides
        )
    model = settings.embedding_model
    client = EmbeddingsClient(
        url=url,
        key=settings.embedding_key,
        model=model,
        dimensions=dimensions,
        guard=Guard(allow=settings.embedding_allow, resolve=resolve_within(WORKER_RESOLVE_TIMEOUT_S)),
        batch=settings.embedding_batch,
        timeout_s=settings.embedding_timeout_s,
        price=next((prompt for name, prompt, _completion in settings.prices if name == model), 0.0),
        meter=meter,
    )
    return EndpointEmbedder(
        client,
        model=model,
        dimensions=dimensions,
        query_prompt=settings.embedding_query_prompt or "",
        passage_prompt=settings.embedding_passage_prompt or "",
        retry_for_s=settings.embedding_timeout_s,
        batch=settings.embedding_batch,
    )


def endpoint_identity(settings: Settings) -> str:
    """Return the name of the vectors of the endpoint that the settings name."""
    return identity_of(
        settings.embedding_model,
        dimensions=settings.embedding_dimensions or 0,
        query_prompt=settings.embedding_query_prompt or "",
        passage_prompt=settings.embedding_passage_prompt or "",
    )
