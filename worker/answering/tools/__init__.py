"""What the language model may ask for while it answers."""
