"""Numbers of spreadsheets as they are shown: the format codes of Office Open XML (ECMA-376, part 1, 18.8.31)."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

_SECTION = re.compile(r'(?:[^;"\\]|"[^"]*"|\\.)*')
_CURRENCY = re.compile(r"\[\$([^\]-]*)(?:-[^\]]*)?\]")
_CONDITION = re.compile(r"\[(?:[<>=]+[-\d.]+|[A-Za-z]+\d*)\]")
_DIGITS = re.compile(r"[0#?](?:[0#?,]*[0#?])?(?:\.[0#?]*)?,*")
_MAX_DIGITS = 15


def formatted(value: float, code: str) -> str:
    """Return a number as its format shows it; `General` and formats with fractions or exponents as plain digits."""
    sections = _sections(code)
    if not code or code in ("General", "@") or re.search(r"[Ee][+-]|[#?0]\s*/\s*[#?0-9]", _bare(code)):
        return plain(value)
    if any(re.match(r"\[[<>=]", section) for section in sections):  # conditions of their own
        return plain(value)
    if value < 0 and len(sections) > 1:
        section, number = sections[1], -value
    elif value == 0 and len(sections) > 2:
        section, number = sections[2], value
    else:
        section, number = sections[0], value
    return _written(number, section)


def plain(value: float) -> str:
    """Return a number as a cell without a format shows it: at most fifteen digits, hardly ever an exponent."""
    if isinstance(value, int) or (abs(value) < 10**_MAX_DIGITS and value == int(value)):
        return str(int(value))
    text = f"{value:.{_MAX_DIGITS}g}"
    return f"{Decimal(text):f}" if "e" in text and abs(value) > 1e-9 else text


def _written(value: float, section: str) -> str:
    """Return a number in one section of a format: literals around the digits."""
    section = _CURRENCY.sub(lambda found: "".join(f"\\{char}" for char in found.group(1)), section)
    section = _CONDITION.sub("", section)
    section = re.sub(r"_.|\*.", "", section)
    pieces = re.findall(rf'"[^"]*"|\\.|General|{_DIGITS.pattern}|.', section)
    number = value * 100 if "%" in pieces else value
    slots = [piece for piece in pieces if _DIGITS.fullmatch(piece)]
    digits = _spread(number, slots) if len(slots) > 1 else [_digits(number, slot) for slot in slots]
    made = []
    for piece in pieces:
        if piece.startswith('"'):
            made.append(piece[1:-1])
        elif piece.startswith("\\"):
            made.append(piece[1:])
        elif _DIGITS.fullmatch(piece):
            made.append(digits.pop(0))
        elif piece in ("@", "General"):
            made.append(plain(value))
        else:
            made.append(piece)
    return " ".join("".join(made).split())


def _digits(value: float, slots: str) -> str:
    """Return the digits of a number: leading zeros, thousands and decimals as the places ask."""
    thousands = slots.rstrip(",")
    scaled = Decimal(repr(value)) / 1000 ** (len(slots) - len(thousands))
    whole, _point, decimals = thousands.partition(".")
    try:
        rounded = scaled.quantize(Decimal(1).scaleb(-len(decimals)), rounding=ROUND_HALF_UP)
    except InvalidOperation:
        return plain(value)
    sign, text = ("-" if rounded < 0 else ""), f"{abs(rounded):f}"
    units, _point, parts = text.partition(".")
    units = units.zfill(whole.count("0")) if units != "0" or "0" in whole else ""
    if "," in whole:
        units = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", units)
    required = len(decimals.rstrip("#?"))
    parts = parts[:required] + parts[required:].rstrip("0")
    return f"{sign}{units}{'.' + parts if parts else ''}"


def _spread(value: float, slots: list[str]) -> list[str]:
    """Return whole digits over several groups of places, as of a phone number, filled from the right."""
    left, made = f"{abs(value):.0f}".zfill(sum(slot.count("0") for slot in slots)), []
    for slot in reversed(slots[1:]):
        made.append(left[-len(slot) :])
        left = left[: -len(slot)]
    return [("-" if value < 0 else "") + left, *reversed(made)]


def _sections(code: str) -> list[str]:
    """Return the parts of a format for numbers above zero, below, zero, and text."""
    parts, at = [], 0
    while at <= len(code):
        found = _SECTION.match(code, at)
        assert found is not None
        parts.append(found.group())
        at = found.end() + 1
    return parts


def _bare(code: str) -> str:
    """Return a format without its literals and brackets."""
    return re.sub(r'"[^"]*"|\\.|\[[^\]]*\]|_.', "", code)
