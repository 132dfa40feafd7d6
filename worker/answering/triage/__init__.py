"""Decide what becomes of a message before anything is searched: escalation, small talk, rules, restrictions."""
