"""The voice of a desk: how its assistant speaks, in which languages, and of what it does not."""
