"""Answers past tickets in shadow, and compares the answers with those that humans gave."""
