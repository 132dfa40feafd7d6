"""Tables, engine and migrations. SQL is the truth; everything else is a hint or a cache."""
