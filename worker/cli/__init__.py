"""The command line `answerback`: importing this package registers its commands."""

from worker.cli import (
    assistants,
    backtest,
    categories,
    desk,
    evaluation,
    helpdesks,
    knowledge,
    running,
    sources,
    suggestions,
    voice,
)
from worker.cli.base import main

__all__ = [
    "assistants",
    "backtest",
    "categories",
    "desk",
    "evaluation",
    "helpdesks",
    "knowledge",
    "main",
    "running",
    "sources",
    "suggestions",
    "voice",
]
