"""The client of OpenAI-compatible chat completions: requests, streams, errors, capabilities, spending."""
