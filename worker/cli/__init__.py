"""The command line `answerback`: importing this package registers its commands."""

from worker.cli import (
    accounts,
    assistants,
    backtest,
    categories,
    deliveries,
    desk,
    evaluation,
    events,
    helpdesks,
    knowledge,
    login,
    mailboxes,
    running,
    settings,
    sources,
    suggestions,
    voice,
)
from worker.cli.base import main

__all__ = [
    "accounts",
    "assistants",
    "backtest",
    "categories",
    "deliveries",
    "desk",
    "evaluation",
    "events",
    "helpdesks",
    "knowledge",
    "login",
    "mailboxes",
    "main",
    "running",
    "settings",
    "sources",
    "suggestions",
    "voice",
]
