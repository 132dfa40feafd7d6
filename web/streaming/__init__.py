"""Streams of a conversation's or a message's events, as Server-Sent Events and over WebSockets."""
