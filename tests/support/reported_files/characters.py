"""Characters: what nobody wrote is dropped and counted; joiners and combining marks of scripts are kept."""

from tests.support.reported_files import reported

_KEPT = "https://github.com/guillaumemeyer/watermarks-remover/issues/27"


@reported(
    ".txt",
    "https://github.com/fazer-ai/agents/issues/247",
    ["Returns are free.", "Really."],
    counted={"control_characters": 1},
)
def nul_between_sentences() -> bytes:
    return b"Returns are free. \x00Really.\n"


@reported(
    ".txt",
    "https://github.com/zylon-ai/private-gpt/pull/2090",
    ["Page one.", "Page two."],
    lacks=["one.Page"],
    counted={"form_feeds": 1},
)
def form_feed_between_pages() -> bytes:
    return b"Page one.\fPage two.\n"


@reported(
    ".md",
    "https://github.com/dimitri/pgloader/issues/275",
    ["Codes", "ACK and BEL."],
    counted={"control_characters": 2},
)
def acknowledge_and_bell() -> bytes:
    return b"# Codes\n\nACK\x06 and BEL\x07.\n"


@reported(".csv", "https://github.com/DeytaHQ/khora/issues/1528", ["How?", "So."], counted={"control_characters": 2})
def padded_with_nuls() -> bytes:
    return b"question,answer\nHow?,So.\x00\x00\n"


@reported(
    ".txt",
    "https://github.com/notepad-plus-plus/notepad-plus-plus/issues/1002",
    ["One.", "Two.", "Three."],
    counted={"line_ends": 4},
)
def mixed_line_ends() -> bytes:
    return b"One.\r\n\r\nTwo.\n\nThree.\r\r"


@reported(
    ".txt",
    "https://github.com/plaintextaccounting/hledger/issues/2189",
    ["First.", "Second."],
    counted={"byte_order_marks": 2},
)
def joined_files_with_a_byte_order_mark_each() -> bytes:
    return b"\xef\xbb\xbfFirst.\n\n\xef\xbb\xbfSecond.\n"


@reported(
    ".json", "https://github.com/Arize-ai/phoenix/issues/9123", ["How?", "Half of an emoji:"], counted={"surrogates": 1}
)
def lone_surrogate() -> bytes:
    return b'[{"question": "How?", "answer": "Half of an emoji: \\ud83d"}]'


@reported(".json", "https://github.com/ultrajson/ultrajson/issues/640", ["How?", "A whole one: 😀"])
def pair_of_surrogates() -> bytes:
    return b'[{"question": "How?", "answer": "A whole one: \\ud83d\\ude00"}]'


@reported(".txt", _KEPT, ["او می\u200cرود"])
def non_joiner_of_persian() -> bytes:
    return "او می\u200cرود".encode()


@reported(".txt", _KEPT, ["यह क्\u200dष है"])
def joiner_of_hindi() -> bytes:
    return "यह क्\u200dष है".encode()


@reported(".txt", _KEPT, ["x \u06dd y"])
def end_of_ayah() -> bytes:
    return "x \u06dd y".encode()


@reported(".txt", "https://github.com/carpedm20/emoji/pull/265", ["Familie: 👨\u200d👩\u200d👧 hier"])
def joined_emoji() -> bytes:
    return "Familie: 👨\u200d👩\u200d👧 hier".encode()


@reported(".txt", "https://github.com/usablica/persian.js/issues/20", ["نوشته\u200cها"])
def plural_of_persian() -> bytes:
    return "نوشته\u200cها".encode()


@reported(".txt", "https://github.com/joshy/striprtf/issues/24", ["a\u0332 and न्ी", "é"])
def combining_marks() -> bytes:
    return "a\u0332 and न्ी e\u0301".encode()


@reported(
    ".txt",
    "https://github.com/6529-Collections/6529seize-frontend/pull/1491",
    ["password reset"],
    counted={"invisible_characters": 2},
)
def zero_width_space_and_joiner_within_latin_words() -> bytes:
    return "pass\u200bword re\u200dset".encode()


@reported(
    ".txt", "https://github.com/file/file/pull/173", ["Key identifier:", "1234"], counted={"control_characters": 1}
)
def nul_within_utf_16() -> bytes:
    return "Key identifier:\r\n1234\x00\r\n".encode("utf-16")


@reported(".txt", "https://github.com/file/file/pull/173", ["Error: disk full"], lacks=["[31m"])
def colours_of_a_terminal() -> bytes:
    return b"\x1b[31mError:\x1b[0m disk full\n"


@reported(
    ".txt",
    "https://github.com/pensierinmusica/firstline/issues/5",
    ["One.", "Two.", "Three."],
    lacks=["One.Two", "Two.Three"],
)
def line_separators_of_unicode() -> bytes:
    return "One.\u2028Two.\u2029Three.\n".encode()
