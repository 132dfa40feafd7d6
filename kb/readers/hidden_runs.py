"""Runs of Word documents that a reader of the page does not see: marked as hidden, white on white, or tiny."""

from typing import Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

#: Half-points; smaller type is not seen.
_MIN_SIZE = 4
_WHITE = "FFFFFF"
_MAX_STYLES = 20  # that one style may be based on, one on the other


class HiddenRuns:
    """Tells by properties and styles which runs are hidden."""

    def __init__(self, styles: Any | None) -> None:
        self._styles = (
            {} if styles is None else {entry.get(f"{_W}styleId"): entry for entry in styles.iter(f"{_W}style")}
        )

    def drop(self, root: Any) -> int:
        """Remove hidden runs; return how many stretches of them had text."""
        count, last = 0, None
        for run in list(root.iter(f"{_W}r")):
            if not "".join(text.text or "" for text in run.iter(f"{_W}t")).strip() or not self._is_hidden(run):
                continue
            parent = run.getparent()
            before = run.getprevious()
            count += before is None or before is not last
            for child in run.findall(f"{_W}t"):
                run.remove(child)
            last = run if parent is not None else None
        return count

    def _is_hidden(self, run: Any) -> bool:
        vanish = self._property(run, "vanish")
        if vanish is not None and vanish.get(f"{_W}val", "1") not in ("0", "false", "off", "none"):
            return True
        size = self._property(run, "sz")
        if size is not None and size.get(f"{_W}val", "").isdigit() and int(size.get(f"{_W}val")) < _MIN_SIZE:
            return True
        colour = self._property(run, "color")
        return colour is not None and colour.get(f"{_W}val", "").upper() == _WHITE and not self._is_shaded(run)

    def _property(self, run: Any, name: str) -> Any | None:
        """Return a property of a run: its own, or else that of its style, or else that of its paragraph's."""
        own = run.find(f"{_W}rPr")
        if own is not None and (found := own.find(f"{_W}{name}")) is not None:
            return found
        style = None if own is None else own.find(f"{_W}rStyle")
        paragraph = next(run.iterancestors(f"{_W}p"), None)
        of_paragraph = None if paragraph is None else paragraph.find(f"{_W}pPr/{_W}pStyle")
        for named in (style, of_paragraph):
            found = None if named is None else self._of_style(named.get(f"{_W}val"), f"{_W}rPr/{_W}{name}")
            if found is not None:
                return found
        return None

    def _of_style(self, id: str | None, path: str) -> Any | None:
        for _ in range(_MAX_STYLES):
            style = self._styles.get(id)
            if style is None:
                return None
            if (found := style.find(path)) is not None:
                return found
            based = style.find(f"{_W}basedOn")
            id = None if based is None else based.get(f"{_W}val")
        return None

    def _is_shaded(self, run: Any) -> bool:
        """Whether something dark may stand behind a run: shading, a highlight, a styled table or a text box."""
        if self._property(run, "highlight") is not None:
            return True
        shading = [self._property(run, "shd")]
        for holder in run.iterancestors(
            f"{_W}p", f"{_W}tc", f"{_W}tr", f"{_W}tbl", f"{_W}txbxContent", f"{_W}document"
        ):
            kind = holder.tag.removeprefix(_W)
            if kind == "txbxContent" or holder.find(f"{_W}background") is not None:
                return True
            properties = holder.find(f"{_W}{kind}Pr")
            if properties is None:
                continue
            if kind == "tbl" and properties.find(f"{_W}tblStyle") is not None:
                return True
            shading.append(properties.find(f"{_W}shd"))
            style = properties.find(f"{_W}pStyle")
            if style is not None:
                shading.append(self._of_style(style.get(f"{_W}val"), f"{_W}pPr/{_W}shd"))
        fills = [entry.get(f"{_W}fill", "auto").upper() for entry in shading if entry is not None]
        return any(fill not in ("AUTO", _WHITE) for fill in fills)
