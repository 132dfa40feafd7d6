"""The connector of each kind of source."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from worker.addresses import Guard
from worker.sources.folder import Folder
from worker.sources.intercom import Intercom
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
}

#: Kinds that may have a token.
WITH_TOKEN = (SourceKind.GIT, SourceKind.ZENDESK, SourceKind.INTERCOM)

_PAGES: Mapping[SourceKind, Callable[..., Connector]] = {
    SourceKind.SITEMAP: Sitemap,
    SourceKind.FEED: Feed,
    SourceKind.PAGE: SinglePage,
    SourceKind.ZENDESK: Zendesk,
    SourceKind.INTERCOM: Intercom,
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
            case kind:
                return _PAGES[kind](source=source, web=Web(guard=self.guard, robots=self.robots, rate=self.rate))
