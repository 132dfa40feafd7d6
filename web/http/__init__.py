"""What every view uses: the API object, keys, limits, problem details, the audit of requests."""
