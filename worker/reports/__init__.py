"""Reports: what became of conversations, how fast, and at what cost; by period, channel, language and topic."""
