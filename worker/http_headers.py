"""Headers of HTTP answers that more than one client reads."""

from email.utils import parsedate_to_datetime


def retry_after_s(value: str | None, *, now: float, max_s: float) -> float | None:
    """Return the seconds that a `Retry-After` header asks to wait, between 0 and `max_s`.

    Args:
        value: the header: a number of seconds or an HTTP date (RFC 9110, 10.2.3); None when it is missing.
        now: Unix seconds, which a date is compared with.
        max_s: the longest wait that an answer may ask for.

    Returns:
        None when the header is missing or is neither.
    """
    text = (value or "").strip()
    try:
        seconds = float(text) if text.replace(".", "", 1).isdigit() else parsedate_to_datetime(text).timestamp() - now
    except (ValueError, OverflowError):
        return None
    return min(max_s, max(0.0, seconds))
