"""Access: API keys, conversation tokens, console sessions and the audit log."""
