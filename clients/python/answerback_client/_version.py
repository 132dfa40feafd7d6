"""The version, which is that of the API."""

__version__ = "0.2.0"
