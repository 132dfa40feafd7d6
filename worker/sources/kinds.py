"""The connector of each kind of source."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from worker.addresses import Guard
from worker.sources.chatwoot import Chatwoot
from worker.sources.confluence import Confluence
from worker.sources.folder import Folder
from worker.sources.freshdesk import Freshdesk
from worker.sources.intercom import Intercom
from worker.sources.notion import RATE as NOTION_RATE
from worker.sources.notion import Notion
from worker.sources.pages import Feed, SinglePage, Sitemap
from worker.sources.protocol import Connector
from worker.sources.web import Robots, Web
from worker.sources.zendesk import Zendesk
from worker.states import SourceKind
from worker.store.rows import Source

#: Options of each kind, beside `include` and `exclude`.
OPTIONS: Mapping[SourceKind, Sequence[str]] = {
    SourceKind.SITEMAP: (),
    SourceKind.FEED: (),
    SourceKind.PAGE: (),
    SourceKind.FOLDER: (),
    SourceKind.GIT: ("branch",),
    SourceKind.ZENDESK: ("email",),
    SourceKind.INTERCOM: (),
    SourceKind.CONFLUENCE: ("email",),
    SourceKind.NOTION: (),
    SourceKind.FRESHDESK: (),
    SourceKind.CHATWOOT: (),
    SourceKind.S3: ("access_key",),
}

#: Kinds that may have a token.
WITH_TOKEN = (
    SourceKind.GIT,
    SourceKind.ZENDESK,
    SourceKind.INTERCOM,
    SourceKind.CONFLUENCE,
    SourceKind.NOTION,
    SourceKind.FRESHDESK,
    SourceKind.CHATWOOT,
    SourceKind.S3,
)

_PAGES: Mapping[SourceKind, Callable[..., Connector]] = {
    SourceKind.SITEMAP: Sitemap,
    SourceKind.FEED: Feed,
    SourceKind.PAGE: SinglePage,
    SourceKind.ZENDESK: Zendesk,
    SourceKind.INTERCOM: Intercom,
    SourceKind.CONFLUENCE: Confluence,
    SourceKind.FRESHDESK: Freshdesk,
    SourceKind.CHATWOOT: Chatwoot,
}


@dataclass(frozen=True, kw_only=True)
class Connectors:
    """Opens connectors, with what they may reach.

    Args:
        roots: the folders that sources may lie in.
        rate: requests per second to a source on the web; 0: no limit.
    """

    guard: Guard
    roots: Sequence[str]
    rate: float
    robots: Robots = field(default_factory=Robots)

    def __call__(self, source: Source) -> Connector:
        """Return the connector of a source, for one look."""
        match source.kind:
            case SourceKind.FOLDER:
                return Folder(source=source, roots=self.roots)
            case SourceKind.GIT:
                from worker.sources.git import Git  # loads dulwich

                return Git(source=source, guard=self.guard, roots=self.roots)
            case SourceKind.S3:
                from worker.sources.s3 import S3  # loads minio, of the extra `s3`

                return S3(source=source, web=self._web(self.rate))
            case SourceKind.NOTION:
                return Notion(source=source, web=self._web(min(self.rate or NOTION_RATE, NOTION_RATE)))
            case kind:
                return _PAGES[kind](source=source, web=self._web(self.rate))

    def _web(self, rate: float) -> Web:
        return Web(guard=self.guard, robots=self.robots, rate=rate)
