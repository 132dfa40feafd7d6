"""How pages begin that are generated from the code."""

MADE = """# {title}

`make docs` generates this page from {what} (`{where}`).
"""
