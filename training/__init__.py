"""Training of the models that ship with the project. Nothing that serves imports it."""
