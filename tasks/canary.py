"""The canary that shows that a worker still consumes."""

from worker import hints
from worker.app import app


@app.task(name=hints.CANARY, send_events=False)
def canary(**_newer: object) -> None:
    """Do nothing: that it arrived is noticed where every task is (`worker.launch.process`)."""
