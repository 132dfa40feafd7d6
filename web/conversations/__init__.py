"""Views of conversations: tickets, messages, escalations, attachments, customers, tool calls."""
