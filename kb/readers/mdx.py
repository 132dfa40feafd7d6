"""MDX: Markdown with components; the text within them is kept, imports, exports and expressions are not."""

import re

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_MODULE = re.compile(r"^(?:import|export)\b")
_CODE = re.compile(r"(`+)(?:.+?)\1(?!`)", re.S)
_COMMENT = re.compile(r"\{/\*.*?\*/\}", re.S)
_NAME = r"[A-Za-z][\w.:-]*"
_ATTRIBUTES = r"""(?:[^<>"'{}]|"[^"]*"|'[^']*'|\{(?:[^{}]|\{[^{}]*\})*\})*"""
_TAG = re.compile(rf"</?(?:{_NAME}{_ATTRIBUTES})?/?>")
_LABEL = re.compile(r"""\s(?:title|label|summary)=(?:"([^"]*)"|'([^']*)')""")
_LITERAL = re.compile(r"""\{(["'`])([^"'`{}]*)\1\}""")
_EXPRESSION = re.compile(r"(?<!\\)\{(?:[^{}]|\{[^{}]*\})*\}")


def to_markdown(text: str) -> str:
    """Return the Markdown of an MDX file."""
    made: list[str] = []
    prose: list[str] = []
    fence = ""
    for line in text.split("\n"):
        opening = _FENCE.match(line)
        if fence:
            made.append(line)
            if opening and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
            continue
        if opening:
            made += [_prose("\n".join(prose)), line]
            prose, fence = [], opening[1]
            continue
        prose.append(line)
    return "\n".join([*made, _prose("\n".join(prose))])


def _prose(text: str) -> str:
    """Return text outside of code blocks without modules, comments, tags and expressions; code spans stay."""
    text = _COMMENT.sub("", "\n\n".join(part for part in re.split(r"\n{2,}", text) if not _is_module(part)))
    made, at = [], 0
    for code in _CODE.finditer(text):
        made += [_without_components(text[at : code.start()]), code.group()]
        at = code.end()
    made.append(_without_components(text[at:]))
    return "\n" + "".join(made) + "\n"


def _is_module(paragraph: str) -> bool:
    return _MODULE.match(paragraph.lstrip("\n")) is not None


def _without_components(text: str) -> str:
    text = _TAG.sub(_label, text)
    text = _EXPRESSION.sub("", _LITERAL.sub(r"\2", text))
    return "\n".join(line[2:] if line.startswith("  ") else line for line in text.split("\n"))


def _label(tag: re.Match[str]) -> str:
    """Return the label that a component shows, on a line of its own."""
    label = _LABEL.search(tag.group())
    return f"\n\n{label[1] or label[2]}\n\n" if label and (label[1] or label[2]) else ""
