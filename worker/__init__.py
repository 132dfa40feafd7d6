"""The worker: answering, delivering and indexing. It imports no Flask."""
