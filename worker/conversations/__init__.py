"""Conversations: what is accepted, who works on it, and what is said."""
