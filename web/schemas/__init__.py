"""Marshmallow schemas of requests and responses. Requests are validated strictly; responses are described."""
