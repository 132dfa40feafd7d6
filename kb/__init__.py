"""The knowledge base: documents in, cited passages out. Knows no Flask, Celery or SQL."""
