"""Accounts: people, their roles in workspaces, and how they log in to the console."""
