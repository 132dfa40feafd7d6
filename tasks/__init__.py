"""Celery tasks: delivery policy only. The work is in `worker`."""
