"""From a question to an answer that its sources support, or to a person."""
