"""What accepting is compared with: a bare Flask view that calls `task.delay()`. Nothing is kept, nothing checked."""

import os

from celery import Celery
from flask import Flask

celery = Celery("baseline", broker=os.environ["BASELINE_BROKER_URL"])
celery.conf.update(task_ignore_result=True, task_default_queue="baseline", task_serializer="json")


@celery.task(name="baseline.answer")
def answer(text: str) -> None:
    """Do nothing."""


def create_app() -> Flask:
    """Return the application."""
    app = Flask("baseline")

    @app.post("/v1/tickets")
    def submit() -> tuple[dict[str, str], int]:
        from flask import request

        result = answer.delay(request.get_json()["body"])
        return {"id": result.id}, 202

    @app.get("/healthz")
    def alive() -> dict[str, str]:
        return {"status": "alive"}

    return app
