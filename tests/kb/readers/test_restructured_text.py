"""reStructuredText is read without files of the machine, whatever extension it is written for."""

from kb.readers.restructured_text import read_restructured_text


def read(text: str) -> list[tuple[str, int, str, str]]:
    return list(read_restructured_text(text))


def test_files_and_raw_html_are_not_read():
    found = read("A\n=\n\n.. include:: /etc/passwd\n\n.. raw:: html\n\n   <script>x</script>\n\nEnd.\n")
    assert not any("root:" in text or "script" in text for _kind, _level, text, _anchor in found)
    assert ("left_out", 2, "unread_parts", "") in found


def test_unknown_directives_within_each_other_keep_their_text():
    found = read("A\n=\n\n.. tabs::\n\n   .. tab:: One\n\n      Text of one.\n\nAfter.\n")
    assert [text for kind, _level, text, _anchor in found if kind == "text"] == ["One", "Text of one.", "After."]


def test_headings_have_levels():
    found = read("Top\n===\n\nA.\n\nBelow\n-----\n\nB.\n\nOther\n-----\n\nC.\n")
    levels = [level for kind, level, _text, _anchor in found if kind == "heading"]
    assert levels[1] == levels[2]
