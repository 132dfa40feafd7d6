"""Reading along: what happens to messages and conversations, as Server-Sent Events and over WebSockets."""
