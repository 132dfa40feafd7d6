"""E-mail as a channel: mailboxes are read, their mail becomes conversations, and replies go out as mail."""
