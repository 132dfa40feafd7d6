"""For other assistants and chat front ends: the Model Context Protocol, and the API of OpenAI."""
