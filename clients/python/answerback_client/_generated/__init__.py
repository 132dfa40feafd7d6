"""Written by clients/generate.py."""
