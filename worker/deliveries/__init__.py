"""Callbacks: signed, retried, and only to addresses that may be called."""
