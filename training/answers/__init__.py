"""The answer model: does a passage answer a question? README.md is its model card and says how to repeat it."""
