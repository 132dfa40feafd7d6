"""Answering: from a question to an answer that its sources support, or to a handoff."""
