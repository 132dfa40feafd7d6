"""What a worker can do. Knows no Flask."""
