"""The main part of a web page: without navigation, banners, dialogs, share buttons and questions whether it helped.

Parts are known by their elements and roles (HTML, WAI-ARIA), by the names that makers of help centres, shops and
documentation sites give them, and the small ones by their words. An element with the main heading, or with more than
half of the text, is never one of them.
"""

import re
from typing import Any

from kb.errors import DocumentUnreadable
from kb.readers.html_text import Page

_WHOLE = re.compile(r"<(?:!doctype\s+html|html|head|body|title)\b", re.I)
_ROLES = frozenset("navigation banner contentinfo search dialog alertdialog menu menubar complementary toolbar".split())

#: Words of a class, id or label that alone name a part around the text.
_PARTS = frozenset(
    "nav navbar navigation subnav sidenav sidebar menu menubar breadcrumb breadcrumbs toc pagination pager footer"
    " copyright"
    " masthead topbar skip skiplink share sharing sharedaddy social vote votes rating ratings helpful feedback reaction"
    " reactions survey thumbs related relatedposts relatives similar trending comments comment respond disqus new"
    "sletter"
    " popup modal promo announcement advert advertisement ads cart basket byline announce overlay drawer noprint"
    " onetrust cookiebot cookieyes cookiehub cmplz didomi usercentrics truste klaro headerlink".split()
)
_COOKIE = frozenset("cookie cookies consent gdpr ccpa".split())
_COOKIE_PARTS = frozenset(
    "banner bar notice popup modal overlay law dialog message sdk consent bottom wall hint accept alert cookiebanner"
    " cookies prompt box container wrapper manager".split()
)
#: Two words that name a part together.
_PAIRS = tuple(
    frozenset(pair.split())
    for pair in (
        "table contents|edit page|edit suggest|last updated|read next|more questions|return top|back top|post meta"
        "|entry meta|article meta|page metadata|recent articles|recent posts|recently viewed|most popular|widget area"
        "|article list|comment list|cookie|still help|powered by|site header|page header nav|sign up|action bar|log in"
    ).split("|")
    if " " in pair
)
#: Elements of the text itself, whatever their names.
_CONTENT = frozenset(
    "code pre table tbody thead tr td th dt dd h1 h2 h3 h4 h5 h6 details summary mark em strong b i br img".split()
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[a-z]+")

_MAX_SMALL = 300
#: How a small part begins that asks about the page, shares it or leads away from it.
_ASIDE = re.compile(
    r"(?:was|did|is) (?:this|the|that) (?:article|page|answer|information|post|content)?\s*"
    r"(?:helpful|useful|help you|answer|solve)|was this helpful|did (?:you find (?:it|this)|this (?:page|article) help)"
    r"|did this (?:article )?(?:answer|solve|resolve)|rate this (?:page|article)|(?:still )?need (?:more )?help\?"
    r"|have more questions\?|can['’]t find what you|share (?:this|on)\b|tweet this|print this|skip to (?:main )?content"
    r"|skip to (?:main|navigation)|back to top|return to top|edit (?:this page|on git)|suggest edits|table of contents"
    r"|on this page|in this article|jump to|powered by|built with|made with|we run on|(?:last )?(?:updated|modified) "
    r"|(?:all rights reserved|copyright|©)|related (?:articles|posts|questions|topics)|recently viewed|in this category"
    r"|articles in this section|war (?:dieser|dieser artikel|diese seite)|cet article|¿(?:te|le) (?:ha )?(?:resul"
    r"tado|fue)",
    re.I,
)
#: Openings that instructions have as well: "Print this label." "Updated prices: …"
_DOUBTFUL = re.compile(
    r"print this|jump to|powered by|(?:last )?(?:updated|modified) |(?:still )?need (?:more )?help\?", re.I
)
_COOKIES = re.compile(r"\bcookies?\b", re.I)
_ACCEPT = re.compile(
    r"^\W*(?:(?:i )?(?:accept|agree|allow|reject|decline|deny|refuse)\b.*|got it|ok(?:ay)?|alle? .*|akzeptieren|a"
    r"blehnen"
    r"|zustimmen|(?:tout )?(?:accepter|refuser).*|aceptar.*|rechazar.*|accett\w+.*|cookie settings|manage .*|pref"
    r"erences)\W*$",
    re.I,
)
_MAX_BANNER = 1_200
_LOADING = re.compile(
    r"^\W*(?:loading|please wait|please enable javascript.*|you need to enable javascript.*)?\W*$", re.I
)
_SMALL_TAGS = (
    "div",
    "section",
    "aside",
    "p",
    "form",
    "footer",
    "header",
    "ul",
    "span",
    "a",
    "fieldset",
    "small",
    "nav",
)


def is_whole(text: str) -> bool:
    """Whether HTML is a page, not a part of one."""
    return _WHOLE.search(text[:20_000]) is not None


def title_of(root: Any, body: Any, page: Page) -> str:
    """Return the page's title where no heading of the first level says it, without the name of the site."""
    title = " ".join((root.findtext(".//title") or "").split())
    heading = _main_heading(body)
    if heading is not None and heading.tag == "h1":
        return ""
    named = page.text(heading, addresses=False) if heading is not None else ""
    return named if named and title.startswith(named) else title


def main_part(body: Any, page: Page) -> Any:
    """Return the element with the page's text, after what does not belong to it was taken out of it.

    Raises:
        DocumentUnreadable: nothing is left, but scripts that would load the text.
    """
    heading = _main_heading(body)
    scope = _scope(body, heading)
    around = set(heading.iterancestors()) | {heading} if heading is not None else set()
    _remove_labelled(scope, around)
    _remove_small(scope, around, page)
    if scope.tag == "body":
        _remove_link_lists(scope, heading, page)
    text = page.text(scope)
    if heading is not None:
        text = text.replace(page.text(heading), "", 1)
    if _LOADING.match(text) and body.getroottree().getroot().find(".//script") is not None:
        raise DocumentUnreadable(
            "The page's text is loaded by JavaScript, so its HTML has none. Send the page as a browser saves it, or an"
            " export of the help centre."
        )
    return scope


def _main_heading(body: Any) -> Any:
    """Return the first h1 that is not in the site's own header; else the first heading that the page's title beg"
    "ins with."""
    for heading in body.iter("h1"):
        parts = (_words(parent) for parent in heading.iterancestors() if parent.tag != "body")
        if not any("banner" in words for words in parts) and _length(heading):
            return heading
    title = " ".join((body.getroottree().getroot().findtext(".//title") or "").split())
    for heading in body.iter("h2", "h3"):
        text = " ".join((heading.text or heading.text_content()).split())
        if text and title.startswith(text):
            return heading
    return None


def _scope(body: Any, heading: Any) -> Any:
    """Return the page's only `main`, or its only `article`, if the main heading is in it; else the body."""
    for query in (".//main", ".//*[@role='main']", ".//article[not(ancestor::article)]"):
        found = body.xpath(query)
        if len(found) == 1 and _length(found[0]) and (heading is None or found[0] in list(heading.iterancestors())):
            return found[0]
    return body


def _remove_labelled(scope: Any, around: set[Any]) -> None:
    """Take out what its element, role or names say to stand around the text."""
    total = _length(scope)
    for node in list(scope.iterdescendants()):
        if not isinstance(node.tag, str) or node in around or node.getparent() is None or node.tag in ("html", "body"):
            continue
        if _is_part(node, scope) and _length(node) <= total / 2:
            _remove(node)


def _is_part(node: Any, scope: Any) -> bool:
    if node.tag in ("nav", "footer") or node.get("aria-modal") == "true":
        return True
    role = (node.get("role") or "").lower()
    words = _words(node, named_by_heading=_is_named_by_heading(node))
    if role in _ROLES:
        return role != "complementary" or node.tag == "aside"
    if node.tag == "header":
        return scope.tag == "body" and not any(parent.tag in ("article", "main") for parent in node.iterancestors())
    if node.tag in _CONTENT:
        return False
    if words & _PARTS or any(pair <= words for pair in _PAIRS):
        return True
    return bool(words & _COOKIE) and bool(words & _COOKIE_PARTS)


def _words(node: Any, *, named_by_heading: bool = False) -> set[str]:
    """Return the words of an element's class, id, label and `data-` names; not those that its heading gave it."""
    names = ["class", "data-component", "data-elementor-type", "data-testid"]
    if not named_by_heading:
        names += ["id", "aria-label"]
    return set(_WORD.findall(_CAMEL.sub(" ", " ".join(node.get(name) or "" for name in names)).lower()))


def _is_named_by_heading(node: Any) -> bool:
    """Whether an element's id is made of its heading, as generators of documentation do."""
    heading = next(node.iter("h2", "h3", "h4", "h5", "h6"), None) if node.get("id") else None
    if heading is None:
        return False
    own = set(_WORD.findall(node.get("id").lower()))
    return bool(own) and own <= set(_WORD.findall(heading.text_content().lower()))


def _remove_small(scope: Any, around: set[Any], page: Page) -> None:
    """Take out the banner about cookies, and small parts that ask about the page, share it or lead away."""
    total = _length(scope)
    for node in list(scope.iterdescendants(*_SMALL_TAGS)):
        if node in around or node.getparent() is None or scope not in node.iterancestors():
            continue
        text = page.text(node, addresses=False)
        if not text or len(text) > _MAX_BANNER:
            continue
        if (_is_cookie_banner(node, text) and len(text) <= total * 0.9) or (
            len(text) <= _MAX_SMALL and _ASIDE.match(text) and _is_aside(node, text)
        ):
            _remove(node)


def _is_cookie_banner(node: Any, text: str) -> bool:
    """Whether a part speaks of cookies and has a button or link to accept or refuse them."""
    if not _COOKIES.search(text) or node.tag in ("p", "span", "a"):
        return False
    return any(_ACCEPT.match(" ".join(control.itertext()).strip()) for control in node.iter("a", "button", "input"))


def _is_aside(node: Any, text: str) -> bool:
    """Whether a small part that begins like one beside the text says nothing else: a sentence of it would go on."""
    if len(text) <= 80:
        return True
    return node.tag not in ("p", "span", "a", "ul") and not _DOUBTFUL.match(text)


def _remove_link_lists(scope: Any, heading: Any, page: Page) -> None:
    """Take out lists of links before the main heading, where no element says what is the page's main part."""
    if heading is None:
        return
    for node in list(scope.iterdescendants("ul", "ol", "td", "div", "p")):
        if node.getparent() is None or node is heading:
            continue
        if _is_before(node, heading) and len(found := node.findall(".//a")) > 1:
            linked = sum(len(page.text(link, addresses=False)) for link in found)
            if linked >= 0.6 * len(page.text(node, addresses=False)):
                _remove(node)


def _is_before(node: Any, heading: Any) -> bool:
    """Whether an element ends before another begins."""
    if node in heading.iterancestors() or heading in node.iterancestors():
        return False
    path, heading_path = [node, *node.iterancestors()][::-1], [heading, *heading.iterancestors()][::-1]
    for first, second in zip(path, heading_path, strict=False):
        if first is not second:
            parent = first.getparent()
            return parent is not None and bool(parent.index(first) < parent.index(second))
    return False


def _length(node: Any) -> int:
    """Return how many characters of text an element has, without scripts."""
    return sum(
        len(text.strip())
        for text in node.xpath(
            ".//text()[not(ancestor::script or ancestor::style or ancestor::noscript or ancestor::svg)]"
        )
    )


def _remove(node: Any) -> None:
    """Take an element out, and leave the text after it."""
    node.drop_tree()
