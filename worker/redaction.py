"""Find and mask card numbers, account numbers, secrets, e-mail addresses and phone numbers.

Logs are always masked. Prompts of the language model are masked where this is switched on; the original values are put
back into its answer.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import phonenumbers
from stdnum import iban, luhn
from stdnum.exceptions import ValidationError

KINDS = ("card", "iban", "secret", "email", "phone")

_DIGITS = re.compile(r"(?<![\w.-])\d(?:[ .\u00a0–-]{0,2}\d){11,18}(?![\w-])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b", re.I)
_EMAIL = re.compile(r"(?<![\w.+'-])[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}\b")
_SECRET = re.compile(
    # keys that services give out by their prefix, tokens in three parts, and what somebody calls a secret
    r"\b(?:sk|pk|rk|ab|ghp|gho|ghs|glpat|xox[abprs]|whsec|AKIA|ASIA|AIza|hf|npm|dop_v1)[-_]?[A-Za-z0-9_-]{16,}\b"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}\b"
    r"|(?<=Bearer )[\w.~+/-]{12,}=*"
    r"|(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"
    r"|(?i:\b(?:password|passwort|kennwort|passphrase|passwd|pwd|mot de passe|contraseña|secret|api[ _-]?key|token|pin"
    r"|cvv2?|cvc2?)\b(?: (?:for|of|to|für|de) (?:\w+ ){1,3}?)?\s*(?:(?:is|ist|est|es)\b\s*[:=]?|[:=])\s*[\"']?)"
    r"(?P<said>(?!(?:required|wrong|not|the|my|too|invalid|expired|correct|always|never|still|no|what|sent|being|a|an|in)\b)"
    r"[^\s\"',;]{3,64})"
    r"|(?i:\b(?:password|passwort|kennwort)\s+[\"']?)(?P<bare>(?=\S*\d)(?=\S*[A-Za-z])[^\s\"',;]{6,64})"
)


@dataclass(frozen=True, kw_only=True)
class _Found:
    kind: str
    start: int
    end: int


#: Returns the replacement for a match and its text.
Replace = Callable[[_Found, str], str]


class Redactor:
    """Finds and replaces sensitive values of the given kinds. Stateless; safe to share between threads.

    Phone numbers count when they have a country prefix or are valid in `region`, such as `DE`.
    """

    def __init__(self, *, kinds: Sequence[str] = KINDS, region: str | None = None) -> None:
        self._kinds = frozenset(kinds)
        self._region = region

    def finds(self, text: str) -> list[str]:
        """Return the kinds of the values in a text, in their order."""
        return [found.kind for found in self._all(text)]

    def mask(self, text: str) -> str:
        """Return a text with `[card]`, `[email]` and so on in place of the values."""
        return self._replaced(text, lambda found, _said: f"[{found.kind}]")

    def hidden(self, text: str, kept: dict[str, str]) -> str:
        """Return a text with numbered placeholders; their values are added to `kept`, for `restored`.

        The same value gets the same placeholder in all texts that share a `kept`.
        """

        def placeholder(found: _Found, said: str) -> str:
            known = next((name for name, value in kept.items() if value == said), None)
            if known is None:
                number = sum(name.startswith(f"<{found.kind}-") for name in kept) + 1
                known = f"<{found.kind}-{number}>"
                kept[known] = said
            return known

        return self._replaced(text, placeholder)

    def _replaced(self, text: str, with_: Replace) -> str:
        parts, at = [], 0
        for found in self._all(text):
            parts += [text[at : found.start], with_(found, text[found.start : found.end])]
            at = found.end
        return "".join(parts) + text[at:] if parts else text

    def _all(self, text: str) -> list[_Found]:
        """Return the matches in their order; of overlapping ones the first to begin, or the longer."""
        every = sorted(self._each(text), key=lambda match: (match.start, -match.end))
        chosen: list[_Found] = []
        for match in every:
            if match.kind in self._kinds and (not chosen or match.start >= chosen[-1].end):
                chosen.append(match)
        return chosen

    def _each(self, text: str) -> Iterator[_Found]:
        for match in _SECRET.finditer(text):
            name = next((group for group in ("said", "bare") if match[group]), None)
            start, end = match.span(name) if name is not None else match.span()
            yield _Found(kind="secret", start=start, end=end)
        for match in _EMAIL.finditer(text):
            yield _Found(kind="email", start=match.start(), end=match.end())
        if not any(char.isdigit() for char in text):
            return
        for match in _IBAN.finditer(text):
            for end in range(match.end(), match.start() + 14, -1):  # a word may follow without a sign between
                if _is_iban(text[match.start() : end]):
                    yield _Found(kind="iban", start=match.start(), end=end)
                    break
        for match in _DIGITS.finditer(text):
            digits = re.sub(r"\D", "", match.group())
            if 12 <= len(digits) <= 19 and digits[0] in "23456" and luhn.is_valid(digits):
                yield _Found(kind="card", start=match.start(), end=match.end())
        if "phone" in self._kinds:
            for number in phonenumbers.PhoneNumberMatcher(text, self._region):
                yield _Found(kind="phone", start=number.start, end=number.end)


def restored(text: str, kept: dict[str, str]) -> str:
    """Return a text with the values of `kept` in place of their placeholders."""
    for placeholder, said in kept.items():
        text = text.replace(placeholder, said)
    return text


def _is_iban(text: str) -> bool:
    try:
        iban.validate(text)
    except ValidationError:
        return False
    return True
