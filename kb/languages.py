"""Which language a text is in."""

#: Less text than this says too little.
_MIN_CHARACTERS = 40
_MAX_CHARACTERS = 5_000


def language_of(text: str) -> str | None:
    """Return the ISO 639-1 code of the language of `text`, such as `en`; None when there is too little to tell."""
    sample = text[:_MAX_CHARACTERS]
    if sum(char.isalpha() for char in sample) < _MIN_CHARACTERS:
        return None
    import py3langid

    return str(py3langid.classify(sample)[0])
