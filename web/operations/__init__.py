"""Views for operators: health, metrics, status, usage, quality, audit."""
