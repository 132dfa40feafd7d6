"""Pages of Confluence, from their storage format to HTML: macros, layouts, tasks and links, as readers see them."""

import html
import re
from collections.abc import Iterator
from html.entities import html5
from typing import Any

from kb.errors import DocumentUnreadable

_AC, _RI = "http://atlassian.com/content", "http://atlassian.com/resource/identifier"

_ENTITY = re.compile(r"&(\w+);")
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})

#: Macros whose body is code, or text that is shown as it is. Bodies of others are for a program: HTML, a diagram.
_AS_IT_IS = frozenset({"code", "noformat", "markdown", "mohamicorp-markdown"})

#: Elements that are read as a part of the text around them, or as a block.
_INLINE = frozenset({"link", "link-body", "plain-text-link-body", "inline-comment-marker", "emoticon", "task-body"})
_NAMED = {"task-list": "ul", "task": "li"}

#: Elements that show one of their attributes.
_FROM_ATTRIBUTE = {"image": "alt", "emoticon": "emoji-fallback"}

#: Elements that say something to Confluence, not to a reader; `adf-fallback` says again what `adf-content` says.
_DROPPED = frozenset(
    {
        "parameter",
        "placeholder",
        "task-id",
        "task-uuid",
        "task-status",
        "adf-attribute",
        "adf-parameter",
        "adf-fallback",
    }
)


def to_html(storage: str) -> str:
    """Return the body of a page as HTML; nothing when there is nothing to read.

    What other pages hold, which macros such as `include` show, is left out, and so is what a macro hides. Attached
    files that the page shows are named by an `<object>` each.

    Raises:
        DocumentUnreadable: it is not the storage format.
    """
    from lxml import etree

    text = _ENTITY.sub(_character, storage)
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(f'<div xmlns:ac="{_AC}" xmlns:ri="{_RI}">{text}</div>'.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise DocumentUnreadable("The page is not in Confluence's storage format.")
    files = dict.fromkeys(filter(None, (node.get(f"{{{_RI}}}filename") for node in root.iter(f"{{{_RI}}}attachment"))))
    for node in list(root.iter()):
        _rewrite(node)
    etree.cleanup_namespaces(root)
    if not "".join(map(str, root.itertext())).strip():
        return ""
    body = etree.tostring(root, encoding="unicode", method="html")
    return body + "".join(f'<object data="{html.escape(name)}"></object>' for name in files)


def _character(found: re.Match[str]) -> str:
    """Return the character of an entity that XML does not know, such as `&nbsp;`."""
    name = found.group(1)
    return found.group() if name in _OF_XML else html5.get(f"{name};", found.group())


def _rewrite(node: Any) -> None:
    """Make an element of Confluence one of HTML, or take it away."""
    namespace, name = _name(node)
    if namespace == _RI or (namespace == _AC and name in _DROPPED):
        _remove(node)
    elif namespace == _AC and name in ("structured-macro", "macro"):
        _rewrite_macro(node)
    elif namespace == _AC:
        if name == "link":
            _name_link(node)
        elif name in _FROM_ATTRIBUTE and next(_inner(node, "caption"), None) is None:
            node.text = node.get(f"{{{_AC}}}{_FROM_ATTRIBUTE[name]}")
        _become(node, _NAMED.get(name) or ("span" if name in _INLINE else "div"))
    elif name == "time" and not node.text:
        node.text = node.get("datetime")


def _rewrite_macro(node: Any) -> None:
    """Leave of a macro what it shows: its title, and its body."""
    macro = node.get(f"{{{_AC}}}name") or ""
    parameters = {inner.get(f"{{{_AC}}}name"): inner.text or "" for inner in _inner(node, "parameter")}
    bodies = list(_inner(node, "rich-text-body"))
    plain = [inner for inner in _inner(node, "plain-text-body") if macro in _AS_IT_IS]
    if parameters.get("hidden") == "true" or not (bodies or plain or macro == "status"):
        _remove(node)
        return
    for inner in list(node):
        if inner not in bodies and inner not in plain:
            _remove(inner)
    for inner in plain:
        _become(inner, "pre")
    _become(node, "span" if macro == "status" else "div")
    if title := parameters.get("title"):
        if macro == "status":
            node.text = title
        else:
            heading = node.makeelement("p")
            heading.text = title
            node.insert(0, heading)


def _name_link(node: Any) -> None:
    """Give a link that has no text of its own the title of the page, or the name of the file, that it leads to."""
    if any(_name(inner)[1] in ("link-body", "plain-text-link-body") for inner in node):
        return
    for inner in node:
        title = inner.get(f"{{{_RI}}}content-title") or inner.get(f"{{{_RI}}}filename")
        if title:
            node.text = (node.text or "") + title


def _inner(node: Any, name: str) -> Iterator[Any]:
    return (inner for inner in node if _name(inner) == (_AC, name))


def _name(node: Any) -> tuple[str, str]:
    """Return the namespace and the name of an element; nothing for a comment."""
    if not isinstance(node.tag, str):
        return "", ""
    namespace, _, name = node.tag.rpartition("}")
    return namespace.lstrip("{"), name


def _become(node: Any, tag: str) -> None:
    node.tag = tag
    for name in list(node.attrib):
        del node.attrib[name]


def _remove(node: Any) -> None:
    """Take an element out, and leave the text after it."""
    parent = node.getparent()
    if parent is None:
        return
    tail, node.tail = node.tail, None
    previous = node.getprevious()
    parent.remove(node)
    if tail and previous is not None:
        previous.tail = (previous.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail
