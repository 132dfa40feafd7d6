"""Tools that the language model can call while it answers."""
