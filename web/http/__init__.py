"""Shared by all views: the API object, authentication, rate limits, problem details, the audit of requests."""
