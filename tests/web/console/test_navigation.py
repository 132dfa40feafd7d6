"""The navigation shows what whoever is logged in may open, and where they are."""

import re

from tests.web.console.browser import Browser


def entries(page: str) -> list[str]:
    nav = page[page.index('aria-label="Pages"') : page.index("</nav>")]
    return re.findall(r">([^<]+)</a>", nav)


def test_a_reader_sees_no_entry_of_the_workspace(app, services):
    reader = Browser(app, services.keys.make(services.keys.workspace(), name="r", scopes=["read"]))
    reader.log_in()
    page = reader.get("/console").text
    assert entries(page)[:3] == ["Inbox", "Reports", "Quality"]
    assert not {"Settings", "People", "Health"} & set(entries(page))


def test_a_page_below_an_entry_marks_it(browser):
    page = browser.get("/console/snapshots").text
    assert 'aria-current="page">Knowledge</a>' in page
    assert "Settings" in entries(page)
