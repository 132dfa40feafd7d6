"""The settings: a module per subject, and `settings`, which reads all of them from the environment."""

from worker.settings.parsers import Network
from worker.settings.settings import SUBJECTS, Settings
from worker.settings.urls import masked, sqlite_url

__all__ = ["SUBJECTS", "Network", "Settings", "masked", "sqlite_url"]
