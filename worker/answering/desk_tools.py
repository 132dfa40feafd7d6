"""The tools of the desk, as the settings of the installation have them."""

from worker.addresses import WORKER_RESOLVE_TIMEOUT_S, Guard, resolve_within
from worker.answering.check import injection_filter
from worker.answering.tools import tool_file
from worker.settings import Settings


def load_desk_tools(settings: Settings) -> tool_file.DeskTools:
    """Load the tools that the desk declares; nothing is called or started yet.

    Raises:
        SettingsInvalid: the file is missing or wrong.
    """
    limits = tool_file.Limits(
        commands=settings.mcp_commands,
        guard=Guard(allow=settings.tool_allow, resolve=resolve_within(WORKER_RESOLVE_TIMEOUT_S)),
        clean=injection_filter.blanked,
    )
    return tool_file.load(settings.tools, limits=limits)
