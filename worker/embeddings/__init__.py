"""Embeddings of an OpenAI-compatible endpoint, for those who have one: docs/howto/embeddings.md."""
