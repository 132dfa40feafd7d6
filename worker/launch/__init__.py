"""The life of processes: start, supervision, Celery's signals, backup."""
