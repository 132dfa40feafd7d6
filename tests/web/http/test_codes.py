"""Each code of an error is explained where the error links to."""

import re
from html.parser import HTMLParser

from kb.errors import KnowledgeError
from web.http.codes import CODES, doc_url, sections
from web.http.problems import STATUS
from worker.errors import AnswerbackError


class _Ids(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = set()
        self.feed(page)

    def handle_starttag(self, _tag, attributes):
        self.found |= {value for name, value in attributes if name == "id"}


def test_an_error_links_to_the_section_of_its_code(call):
    refused = call("GET", "/v1/messages/none").json
    path, _, anchor = refused["doc_url"].partition("#")
    page = call.client.get(path)
    assert page.status_code == 200
    assert anchor in _Ids(page.text).found
    assert _Ids(page.text).found == set(CODES)


def test_a_code_has_the_status_of_the_class_that_raises_it():
    for kind, status in STATUS.items():
        if kind not in (KnowledgeError, AnswerbackError) and kind.code in CODES:
            assert CODES[kind.code].status == status, kind
    assert {kind.code for kind in STATUS} <= set(CODES)


def test_every_code_says_what_to_do():
    assert all(code.meaning.endswith(".") and code.remedy.endswith(".") for code in CODES.values())
    assert re.findall(r"^### (.+)$", sections(), re.M) == list(CODES)


def test_a_code_that_no_request_gets_has_no_link():
    assert doc_url("startup_failed") is None
