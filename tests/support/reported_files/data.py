"""Tables and records: CSV, JSON, JSON Lines, YAML."""

import json

from tests.support.reported_files import reported

_LONG = " ".join(f"Sentence {number} of a long answer." for number in range(60))


@reported(".csv", "https://github.com/python/cpython/issues/97611", ["How?", 'Press "Send" now.', "Where?", "Here."])
def doubled_quote_after_the_first_kilobyte() -> bytes:
    return f'question,answer\nLong?,"{_LONG}"\nHow?,"Press ""Send"" now."\nWhere?,Here.\n'.encode()


@reported(
    ".csv",
    "https://github.com/parsecsv/parsecsv-for-php/issues/60",
    ["How?", "So.", "Where?", "Here, or there."],
    lacks=["sep="],
)
def separator_named_before_the_header() -> bytes:
    return b'sep=,\r\nquestion,answer\r\nHow?,So.\r\nWhere?,"Here, or there."\r\n'


@reported(".csv", "https://github.com/parsecsv/parsecsv-for-php/pull/73", ["How?", "So, and not otherwise."])
def semicolon_named_before_the_header() -> bytes:
    return b"\xef\xbb\xbfsep=;\r\nQuestion;Answer\r\nHow?;So, and not otherwise.\r\n"


@reported(".csv", "https://github.com/HXLStandard/libhxl-python/issues/184", ["How?", "So."])
def empty_first_line() -> bytes:
    return b"\n\nquestion,answer\nHow?,So.\n"


@reported(".csv", "https://github.com/mholt/PapaParse/issues/861", ["How?", "One, two, three, four, five."])
def commas_within_semicolons() -> bytes:
    return b"question;answer\nHow?;One, two, three, four, five.\n"


@reported(".csv", "https://github.com/python/cpython/issues/97611", ["Doe;Jane", "Called in 1971"], lacks=["Doe\tJane"])
def tab_beside_a_quote() -> bytes:
    return b'question;answer\n"\tDoe;Jane"\t;Called in 1971\n'


@reported(
    ".csv",
    "https://github.com/mechatroner/vscode_rainbow_csv/issues/129",
    ["Which?", "firefox;thunderbird", "And?", "None."],
)
def title_line_above_the_header() -> bytes:
    return b"Export of the FAQ,28 Feb 2026\nquestion,answer\nWhich?,firefox;thunderbird\nAnd?,None.\n"


@reported(
    ".csv",
    "https://github.com/wireservice/csvkit/issues/293",
    ["How?", "First line.", "Second line.", "Where?", "Here."],
)
def line_end_within_a_field() -> bytes:
    return b'question,answer\r\nHow?,"First line.\r\nSecond line."\r\nWhere?,Here.\r\n'


@reported(".csv", "https://github.com/pensierinmusica/firstline/issues/5", ["How?", "So.", "Where?", "Here."])
def carriage_returns_alone() -> bytes:
    return b"question,answer\rHow?,So.\rWhere?,Here.\r"


@reported(".csv", "https://github.com/uniVocity/univocity-parsers/issues/87", ["How?", "So."])
def utf_16_as_excel_saves_it() -> bytes:
    return "question\tanswer\r\nHow?\tSo.\r\n".encode("utf-16")


@reported(".json", "https://github.com/langchain-ai/langchain-community/pull/138", ["How?", "So.", "Where?", "Here."])
def records_after_a_byte_order_mark() -> bytes:
    rows = [{"question": "How?", "answer": "So."}, {"question": "Where?", "answer": "Here."}]
    return b"\xef\xbb\xbf" + json.dumps(rows).encode()


@reported(
    ".json",
    "https://developers.google.com/search/docs/appearance/structured-data/faqpage",
    ["Do you ship abroad?", "Yes, to all of Europe."],
    lacks=["acceptedAnswer", "<p>", "schema.org"],
)
def questions_of_schema_org() -> bytes:
    page = {
        "@context": "https://schema.org",
        "@type": "FAQPage",
        "mainEntity": [
            {
                "@type": "Question",
                "name": "Do you ship abroad?",
                "acceptedAnswer": {"@type": "Answer", "text": "<p>Yes, to all of Europe.</p>"},
            }
        ],
    }
    return json.dumps(page).encode()


@reported(
    ".json",
    "https://github.com/langchain-ai/langchain-community/pull/138",
    ["shipping", "Express", "9 euros", "Two days."],
)
def records_within_sections() -> bytes:
    return json.dumps({"shipping": [{"service": "Express", "price": "9 euros", "note": "Two days."}]}).encode()


@reported(
    ".json",
    "https://github.com/Arize-ai/phoenix/issues/9123",
    ["How?", "So and so."],
    counted={"control_characters": 1},
)
def escaped_nul() -> bytes:
    return b'[{"question": "How?", "answer": "So \\u0000and so."}]'


@reported(".jsonl", "https://github.com/wbolster/jsonlines/issues/68", ["How?", "So.", "Where?", "Here."])
def lines_after_a_byte_order_mark() -> bytes:
    return b'\xef\xbb\xbf{"question": "How?", "answer": "So."}\r\n\r\n{"question": "Where?", "answer": "Here."}\r\n'


@reported(".jsonl", "https://github.com/wbolster/jsonlines/issues/68", ["How?", "So."], counted={"unread_parts": 1})
def line_that_is_cut_off() -> bytes:
    return b'{"question": "How?", "answer": "So."}\n{"question": "Where?", "ans'


@reported(".yaml", "https://yaml.org/spec/1.2.2/", ["Do you ship to Norway?", "no", "When?", "From 08:30."])
def answers_that_look_like_values() -> bytes:
    return b"- question: Do you ship to Norway?\n  answer: no\n- question: When?\n  answer: |\n    From 08:30.\n"


@reported(".yaml", "https://yaml.org/spec/1.2.2/", ["How?", "So.", "Where?", "Here."], lacks=["!!python"])
def several_documents_and_tags() -> bytes:
    return b"---\nquestion: How?\nanswer: !!python/name:So. So.\n---\nquestion: Where?\nanswer: !local Here.\n"


@reported("", "https://github.com/dnGrep/dnGrep/pull/1520", ["Opening hours", "Monday to Friday, 9 to 17."])
def text_without_an_ending() -> bytes:
    return b"Opening hours\n\nMonday to Friday, 9 to 17.\n"
