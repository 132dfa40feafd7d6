"""Conversations: messages are accepted, actions change their owner, and events record each change."""
