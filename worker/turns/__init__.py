"""One turn of a conversation: claim it under a lease, answer it, finish it."""
