"""The resources as attributes of a client.

Generated from docs/openapi.json by clients/generate.py: do not edit.
"""

from __future__ import annotations

from answerback_client._documents import AsyncDocuments, Documents
from answerback_client._generated import async_resources, resources
from answerback_client._messages import AsyncMessages, Messages
from answerback_client._transport import AsyncTransport, Transport


class Surface:
    """The resources of the API."""

    def __init__(self, transport: Transport) -> None:
        self.tickets = resources.Tickets(transport)
        self.conversations = resources.Conversations(transport)
        self.messages = Messages(transport)
        self.attachments = resources.Attachments(transport)
        self.documents = Documents(transport)
        self.imports = resources.Imports(transport)
        self.sources = resources.Sources(transport)
        self.snapshots = resources.Snapshots(transport)
        self.suggestions = resources.Suggestions(transport)
        self.search = resources.Search(transport)
        self.answers = resources.Answers(transport)
        self.endpoints = resources.Endpoints(transport)
        self.deliveries = resources.Deliveries(transport)
        self.events = resources.Events(transport)
        self.helpdesks = resources.Helpdesks(transport)
        self.mailboxes = resources.Mailboxes(transport)
        self.escalations = resources.Escalations(transport)
        self.tool_calls = resources.ToolCalls(transport)
        self.memories = resources.Memories(transport)
        self.customers = resources.Customers(transport)
        self.usage = resources.Usage(transport)
        self.quality = resources.Quality(transport)
        self.reports = resources.Reports(transport)
        self.audit = resources.Audit(transport)
        self.accounts = resources.Accounts(transport)
        self.status = resources.Status(transport)
        self.categories = resources.Categories(transport)
        self.voice = resources.Voice(transport)
        self.settings = resources.Settings(transport)


class AsyncSurface:
    """The resources of the API."""

    def __init__(self, transport: AsyncTransport) -> None:
        self.tickets = async_resources.AsyncTickets(transport)
        self.conversations = async_resources.AsyncConversations(transport)
        self.messages = AsyncMessages(transport)
        self.attachments = async_resources.AsyncAttachments(transport)
        self.documents = AsyncDocuments(transport)
        self.imports = async_resources.AsyncImports(transport)
        self.sources = async_resources.AsyncSources(transport)
        self.snapshots = async_resources.AsyncSnapshots(transport)
        self.suggestions = async_resources.AsyncSuggestions(transport)
        self.search = async_resources.AsyncSearch(transport)
        self.answers = async_resources.AsyncAnswers(transport)
        self.endpoints = async_resources.AsyncEndpoints(transport)
        self.deliveries = async_resources.AsyncDeliveries(transport)
        self.events = async_resources.AsyncEvents(transport)
        self.helpdesks = async_resources.AsyncHelpdesks(transport)
        self.mailboxes = async_resources.AsyncMailboxes(transport)
        self.escalations = async_resources.AsyncEscalations(transport)
        self.tool_calls = async_resources.AsyncToolCalls(transport)
        self.memories = async_resources.AsyncMemories(transport)
        self.customers = async_resources.AsyncCustomers(transport)
        self.usage = async_resources.AsyncUsage(transport)
        self.quality = async_resources.AsyncQuality(transport)
        self.reports = async_resources.AsyncReports(transport)
        self.audit = async_resources.AsyncAudit(transport)
        self.accounts = async_resources.AsyncAccounts(transport)
        self.status = async_resources.AsyncStatus(transport)
        self.categories = async_resources.AsyncCategories(transport)
        self.voice = async_resources.AsyncVoice(transport)
        self.settings = async_resources.AsyncSettings(transport)
