"""Helpdesks: tickets come in by their webhooks, answers and notes go out through their APIs."""
