"""The targets and business hours of workspaces, as their settings have them now."""

from collections.abc import Callable
from functools import cache

from worker.service_policy import Policy
from worker.workspace_settings.workspace_settings import WorkspaceSettings

_NAMES = ("response_targets", "resolution_targets", "business_hours")


def read_policies(settings: WorkspaceSettings) -> Callable[[str], Policy]:
    """Return the policy of each workspace by its id; the settings of all are read once."""
    own = {name: settings.overriding(name) for name in _NAMES}

    @cache
    def policy_of(workspace_id: str) -> Policy:
        response, resolution, hours = (own[name].get(workspace_id, getattr(settings.defaults, name)) for name in _NAMES)
        return Policy.of(response, resolution, hours)

    return policy_of
