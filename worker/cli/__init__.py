"""The command line: the same product without make."""

from worker.cli import desk, helpdesks, knowledge, running
from worker.cli.base import main

__all__ = ["desk", "helpdesks", "knowledge", "main", "running"]
