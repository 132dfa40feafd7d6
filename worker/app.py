"""The Celery app. Inert: its settings are read when something is first sent or consumed."""

from celery import Celery

app = Celery("answerback")
app.config_from_object("celeryconfig")
