"""What a reader of a page sees is read, also what a click unfolds; what nobody sees is not."""

import pytest

from kb import documents


def text_of(page):
    return documents.parse(page.encode(), media_type="text/html", title="File").text


@pytest.mark.parametrize(
    "page",
    [
        "<h4><button aria-expanded=false aria-controls=a>Can I?</button></h4><div id=a hidden><p>Yes.</p></div>",
        "<h4><a data-toggle=collapse data-target='#a'>Can I?</a></h4><div id=a style='display:none'>Yes.</div>",
        "<button class=accordion>Can I?</button><div class=panel style='display:none'><p>Yes.</p></div>",
        "<details><summary>Can I?</summary><p>Yes.</p></details>",
        "<dl><dt>Can I?</dt><dd>Yes.</dd></dl>",
    ],
)
def test_an_answer_that_a_click_unfolds_is_read_under_its_question(page):
    assert text_of(page + "<p>End</p>").split() == ["Can", "I?", "Yes.", "End"]


def test_white_text_on_a_coloured_ground_is_read():
    page = "<div style='background:#036'><p style='color:#fff'>Seen</p></div><p style='color:#fff'>Unseen</p>"
    assert text_of(page) == "Seen"


def test_a_button_that_does_something_is_no_text():
    assert text_of("<p>Text</p><button>Copy</button>") == "Text"


def test_words_for_a_picture_stand_in_where_it_is_all_that_a_link_has():
    page = "<p>See <a href='https://shop.example/form'><img alt='the return form' src=a.png></a></p>"
    assert text_of(page) == "See the return form (https://shop.example/form)"


def test_the_base_of_a_page_is_where_its_links_start_from():
    page = "<html><head><base href='https://shop.example/a/'></head><body><p>A <a href='b'>form</a></p></body></html>"
    assert text_of(page) == "A form (https://shop.example/a/b)"
