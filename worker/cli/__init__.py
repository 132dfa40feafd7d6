"""The command line `answerback`: importing this package registers its commands."""

from worker.cli import desk, evaluation, helpdesks, knowledge, running
from worker.cli.base import main

__all__ = ["desk", "evaluation", "helpdesks", "knowledge", "main", "running"]
