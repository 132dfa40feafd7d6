"""A form's fields are kept byte for byte: a raw mail in one has an encoding of its own."""

from urllib.parse import urlencode

import flask
import pytest

from web.http.forms import fields_of

RAW = b"Subject: Gr\xfc\xdfe\r\n\r\nM\xfcller \xe2\x82\xac\r\n"
PART = b'--b\r\nContent-Disposition: form-data; name="email"\r\n%s\r\n%s\r\n'


def fields(body, content_type):
    with flask.Flask(__name__).test_request_context("/", method="POST", data=body, content_type=content_type):
        return fields_of(flask.request)


@pytest.mark.parametrize("header", [b"", b"Content-Type: text/plain; charset=utf-8\r\n"])
def test_a_part_of_a_form_keeps_its_bytes_whatever_charset_it_names(header):
    body = PART % (header, RAW) + PART % (b"", b"second") + b"--b--\r\n"
    assert fields(body, "multipart/form-data; boundary=b") == {"email": RAW}


def test_a_field_in_the_form_of_a_url_keeps_its_bytes():
    body = urlencode({"body-mime": RAW, "token": "a b", "empty": ""}) + "&token=second"
    found = fields(body, "application/x-www-form-urlencoded")
    assert found == {"body-mime": RAW, "token": b"a b", "empty": b""}


@pytest.mark.parametrize("rest", ["", "; boundary=\xe9", "; boundary=c"])
def test_a_form_that_cannot_be_read_has_no_fields(rest):
    assert fields(PART % (b"", RAW), f"multipart/form-data{rest}") == {}


def test_another_body_has_no_fields():
    assert fields(PART % (b"", RAW), "text/plain") == {}
