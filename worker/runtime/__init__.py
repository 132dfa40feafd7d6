"""The background work of a worker process: sweeper, watchdog, presence, retention."""
