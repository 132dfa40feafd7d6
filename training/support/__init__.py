"""The support model: does a premise support a sentence? README.md is its model card and says how to repeat it."""
