"""A sender is believed by what the desk's own server found, and by nobody else's word."""

import pytest

from worker.mailboxes.addresses import Address
from worker.mailboxes.authentication import belief

ANN = Address(address="ann@shop.example")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("mx.desk.example; dmarc=pass header.from=shop.example", "believed"),
        (
            "mx.desk.example 1; spf=fail; dkim=pass header.d=x.example; dmarc=pass (p=NONE) header.from=shop.example",
            "believed",
        ),
        ("mx.desk.example; dmarc=fail (p=reject dis=none) header.from=shop.example", "refused"),
        ("MX.desk.example; spf=pass smtp.mailfrom=bounce@mail.shop.example", "believed"),
        ("mx.desk.example; spf=pass smtp.mailfrom=shop.example.evil.example", "unknown"),
        ("mx.desk.example; dkim=pass header.i=@shop.example header.s=a", "believed"),
        ("mx.desk.example; dkim=pass header.d=example", "unknown"),
        ("mx.desk.example; dkim=pass header.d=notshop.example", "unknown"),
        ("mx.desk.example; dkim=fail header.d=shop.example; spf=softfail smtp.mailfrom=shop.example", "unknown"),
        ("mx.desk.example; none", "unknown"),
        ('mx.desk.example; dkim=pass header.d="shop.example"', "believed"),
        ('mx.desk.example; spf=pass reason="a; b" smtp.mailfrom="a b"@shop.example', "believed"),
        ("mx.desk.example; dmarc=pass header.from=evil.example", "unknown"),
        ("mx.evil.example; dmarc=pass header.from=shop.example", "unknown"),
        ("mx.evil.example (mx.desk.example); dmarc=pass", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_results_of_ones_own_server_decide(header, expected):
    assert belief([header], ANN, authserv_id="mx.desk.example") == expected


def test_without_a_server_that_is_believed_nobody_is():
    assert belief(["mx.desk.example; dmarc=pass"], ANN, authserv_id=None) == "unknown"


def test_a_comment_cannot_hide_or_make_a_result():
    header = "mx.desk.example; spf=none (dmarc=pass; dkim=pass header.d=shop.example); dmarc=fail"
    assert belief([header], ANN, authserv_id="mx.desk.example") == "refused"


def test_a_very_long_header_takes_no_time():
    assert belief(["mx.desk.example; " + "(" * 1_000_000], ANN, authserv_id="mx.desk.example") == "unknown"


@pytest.mark.parametrize(
    "local",
    [
        "a; dmarc=pass ",
        "a smtp.mailfrom=x@shop.example ",
        'a\\"; dmarc=pass ',
        "a(; dmarc=pass ",
        "a) ; dmarc=pass ",
        "a\\",
    ],
)
@pytest.mark.parametrize("form", ['spf=pass smtp.mailfrom="{}"@evil.example', 'spf=pass (domain of "{}"@evil.example)'])
def test_the_local_part_of_an_address_cannot_make_a_result(form, local):
    header = f"mx.desk.example; {form.format(local)}; dmarc=none header.from=shop.example"
    assert belief([header], ANN, authserv_id="mx.desk.example") == "unknown"


def test_a_failure_counts_beside_a_pass_and_whatever_stands_before_it():
    passed, failed = "mx.desk.example; dmarc=pass", "mx.desk.example; dmarc=fail"
    assert belief([passed, failed], ANN, authserv_id="mx.desk.example") == "refused"
    for opened in ('"', "(", ")", '(")', '("'):
        header = f"mx.desk.example; spf=pass smtp.mailfrom=a{opened}@evil.example; dmarc=fail"
        assert belief([header], ANN, authserv_id="mx.desk.example") == "refused"
