"""Read the questions of a message and find passages for them."""
