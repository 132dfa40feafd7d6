"""Reading what customers send: one place where a message becomes what was written now, and what was not."""
