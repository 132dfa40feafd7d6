"""Parse answers: Markdown as language models write it.

That is less than CommonMark: HTML is text, indented lines are no code, a line of dashes makes no heading, a star inside
a word and most backslashes are themselves. And it is more: addresses, citations and links of Slack are links.
"""

import re
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

_URL = re.compile(r"https?://[^\s<>\"`。，、；）」』】]+", re.I)
_SCHEME = re.compile(r"(?<![^\W_])https?\Z", re.I)
_LINKS = re.compile(r"(?:https?://|mailto:|tel:)\S", re.I)
BREAK = re.compile(r"<br\s*/?>", re.I)
CITATION = re.compile(r"\[(\d{1,3})\]")
#: A line of the list of sources below an answer: `[1] Title: address`.
_SOURCE = re.compile(r"^\[(\d{1,3})\] .*?(https?://\S++)[ \t]*$", re.M)
#: A link as Slack writes it, which models that know Slack write too.
_SLACK_LINK = re.compile(r"<((?:https?://|mailto:)[^|<>\s]+)\|([^|<>\n]+)>", re.I)
#: An underscore that may begin emphasis.
_OPENS_EMPHASIS = re.compile(r"(?<!\w)_(?=\S)")
#: How far before an address, in its line, emphasis may begin that ends with it: looking farther takes quadratic time.
_MAX_BEFORE = 200
_ESCAPABLE = "*_`[]#|~"
#: Code in a line of a table, in which a bar divides no cells although Markdown says so.
_CODE_IN_ROW = re.compile(r"`[^`\n]+`")
_PAIRS = {")": "(", "]": "["}


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    """Return the parser, which threads may share."""
    made = MarkdownIt("commonmark", {"html": False, "breaks": True, "xhtmlOut": False, "maxNesting": 100})
    made.enable(["table", "strikethrough"])
    made.disable(["reference", "code", "lheading", "html_block", "html_inline", "escape"])
    made.inline.ruler.before("emphasis", "star", _star)
    made.inline.ruler.before("link", "citation", _citation)
    made.inline.ruler.before("autolink", "line_break", _line_break)
    made.inline.ruler.before("autolink", "slack_link", _slack_link_in)
    made.inline.ruler.push("address", _address)
    made.inline.ruler.push("backslash", _backslash)
    made.validateLink = lambda url: bool(_LINKS.match(url))  # type: ignore[method-assign]
    return made


def parsed(text: str) -> list[Token]:
    """Return the tokens of an answer; a citation links to its source where that is listed below the answer."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if line.lstrip().startswith("|"):
            lines[at] = _CODE_IN_ROW.sub(lambda code: re.sub(r"(?<!\\)\|", r"\|", code[0]), line)
    return parser().parse("\n".join(lines), {"sources": {match[1]: match[2] for match in _SOURCE.finditer(text)}})


def _star(state: StateInline, silent: bool) -> bool:
    """A single star between two characters of words is a star: 2*3*4, *21*0123#."""
    at, src = state.pos, state.src
    if src[at] != "*" or not (0 < at < state.posMax - 1):
        return False
    if not (src[at - 1].isalnum() and src[at + 1].isalnum()):
        return False
    if not silent:
        state.pending += "*"
    state.pos += 1
    return True


def _citation(state: StateInline, silent: bool) -> bool:
    """A citation whose source is listed below links to it."""
    at = state.pos
    match = CITATION.match(state.src, at)
    url = state.env.get("sources", {}).get(match[1]) if match else None
    begins_line = at == 0 or state.src[at - 1] == "\n"
    if match is None or url is None or begins_line or state.linkLevel or state.src[at - 1].isalnum():
        return False
    if state.src[match.end() : match.end() + 1] == "(":
        return False
    if not silent:
        _push_link(state, url, match[0])
    state.pos = match.end()
    return True


def _line_break(state: StateInline, silent: bool) -> bool:
    match = BREAK.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos = match.end()
    return True


def _slack_link_in(state: StateInline, silent: bool) -> bool:
    match = _SLACK_LINK.match(state.src, state.pos)
    if match is None or state.linkLevel:
        return False
    if not silent:
        _push_link(state, match[1], match[2])
    state.pos = match.end()
    return True


def _address(state: StateInline, silent: bool) -> bool:
    """An address in the text is a link, brackets that belong to it included."""
    scheme = _SCHEME.search(state.src, max(0, state.pos - 6), state.pos) if state.src[state.pos] == ":" else None
    if scheme is None or state.linkLevel:
        return False
    match = _URL.match(state.src, scheme.start())
    if match is None:
        return False
    url = _without_punctuation(match[0])
    farthest = max(0, match.start() - _MAX_BEFORE)
    begins = max(farthest, state.src.rfind("\n", farthest, match.start()) + 1)
    if _OPENS_EMPHASIS.search(state.src, begins, match.start()):
        url = url.rstrip("_")
    if not silent:
        state.pending = state.pending[: len(state.pending) - len(scheme[0])]
        _push_link(state, url, url, markup="autolink")
    state.pos = scheme.start() + len(url)
    return True


def _without_punctuation(url: str) -> str:
    """Return an address without the punctuation and closing brackets after it, which belong to the sentence."""
    while url:
        last = url[-1]
        if last in ".,;:!?'*~|\\" or (last in _PAIRS and url.count(last) > url.count(_PAIRS[last])):
            url = url[:-1]
        else:
            break
    return url


def _backslash(state: StateInline, silent: bool) -> bool:
    r"""A backslash before a mark of Markdown makes it text; any other is itself, as in `\\server\share`."""
    at, src = state.pos, state.src
    if src[at] != "\\" or at + 1 >= state.posMax or src[at + 1] not in _ESCAPABLE:
        return False
    if not silent:
        state.pending += src[at + 1]
    state.pos += 2
    return True


def _push_link(state: StateInline, url: str, text: str, *, markup: str = "") -> None:
    link = state.push("link_open", "a", 1)
    link.attrs, link.markup = {"href": state.md.normalizeLink(url)}, markup
    state.push("text", "", 0).content = text
    state.push("link_close", "a", -1)
