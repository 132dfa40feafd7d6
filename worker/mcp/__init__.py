"""Answerback for other assistants, over the Model Context Protocol; needs the extra `mcp`."""
