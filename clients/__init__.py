"""Clients of the API, and what writes their types and methods from its description."""
