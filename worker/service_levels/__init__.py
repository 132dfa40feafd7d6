"""Service levels: until when a human has to reply to a customer and to resolve what they ask."""
