"""Suggestions of articles: what a human replied where the bot had no answer, published when an editor says so."""
