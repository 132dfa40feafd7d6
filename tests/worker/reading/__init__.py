"""Reading what customers send."""
