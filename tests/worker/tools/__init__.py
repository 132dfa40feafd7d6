"""Tools that the language model may ask for."""
