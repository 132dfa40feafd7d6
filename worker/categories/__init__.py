"""The categories of a desk: messages that a human answers, told by examples."""
