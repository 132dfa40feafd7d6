"""Who may do what: API keys, browser tokens, logins and the audit log."""
