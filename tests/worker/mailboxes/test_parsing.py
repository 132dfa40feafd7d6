"""Mail as programs write it: what it says, whom it is from, and bounds on what it costs."""

import time
from email.message import EmailMessage

import pytest

from tests.support.mails import mail
from worker.mailboxes.parsing import ids, parse


def multipart(*parts: tuple[str, str], kind: str = "mixed", head: str = "") -> bytes:
    body = "".join(f"--x\r\nContent-Type: {type}\r\n\r\n{text}\r\n" for type, text in parts)
    return (
        f"From: ann@shop.example\r\nMessage-ID: <1@x>\r\n{head}"
        f'Content-Type: multipart/{kind}; boundary="x"\r\n\r\n{body}--x--\r\n'
    ).encode()


def test_the_headers_that_matter_are_read():
    read = parse(
        mail(
            subject="Frage: Größe",
            answers="a@b.example",
            Reply_To="Ann <home@shop.example>",
            Cc="Bob <bob@x.example>, carl@y.example",
            Delivered_To="support+t@desk.example",
        )
    )
    assert (read.subject, read.message_id, read.references) == ("Frage: Größe", "1@shop.example", ("a@b.example",))
    assert str(read.correspondent) == "Ann <home@shop.example>"
    assert [address.address for address in read.cc] == ["bob@x.example", "carl@y.example"]
    assert read.recipients == ("support+t@desk.example",)
    assert read.date == 1795771800


def test_plain_text_is_read_rather_than_its_html_and_html_where_the_text_says_nothing():
    both = multipart(("text/plain", "Hello"), ("text/html", "<p>Hello!</p>"), kind="alternative")
    assert parse(both).text == "Hello"
    empty = multipart(("text/plain", " \r\n"), ("text/html", "<p>Hello!</p>"), kind="alternative")
    assert parse(empty).text == "Hello!"


def test_a_signed_mail_is_read_and_an_encrypted_one_is_told():
    signed = multipart(("text/plain", "Hello"), ("application/pgp-signature", "-----BEGIN"), kind="signed")
    assert (parse(signed).text, parse(signed).problem, parse(signed).files) == ("Hello", None, ())
    sealed = multipart(
        ("application/pgp-encrypted", "Version: 1"), ("application/octet-stream", "xx"), kind="encrypted"
    )
    assert parse(sealed).problem == "It is encrypted."


def test_an_invitation_beside_the_text_is_not_part_of_it():
    invited = multipart(("text/plain", "See you."), ("text/calendar; method=REPLY", "BEGIN:VCALENDAR"))
    assert parse(invited).text == "See you."


def test_files_have_their_names_whatever_way_they_are_written():
    message = EmailMessage()
    message["From"], message["Message-ID"] = "ann@shop.example", "<1@x>"
    message.set_content("See these.")
    message.add_attachment(b"1", maintype="image", subtype="png", filename="Größe.png")
    read = parse(message.as_bytes())
    assert [(file.name, file.media_type, file.data) for file in read.files] == [("Größe.png", "image/png", b"1")]
    old = multipart(("text/plain", "Hi"), ('application/pdf; name="=?utf-8?q?Gr=C3=B6=C3=9Fe=2Epdf?="', "x"))
    assert [file.name for file in parse(old).files] == ["Größe.pdf"]


def test_html_is_read_as_text_with_marks_of_what_it_quotes_and_plain_text_as_it_is():
    html = multipart(("text/html", "<div>Mine.</div><blockquote type=cite><p>Yours.</p></blockquote>"))
    assert parse(html).text.startswith("Mine.\n")
    assert "> Yours." in parse(html).text
    assert parse(mail("Is <b> a tag?")).text == "Is <b> a tag?"


def test_a_logo_in_a_signature_is_no_file_and_a_screenshot_is_one():
    message = EmailMessage()
    message["From"], message["Message-ID"] = "ann@shop.example", "<1@x>"
    message.set_content("<p>Look <img src=cid:logo><img src=cid:shot></p>", subtype="html")
    message.add_related(
        b"1" * 4_000, maintype="image", subtype="png", cid="<logo>", filename="logo.png", disposition="inline"
    )
    message.add_related(
        b"1" * 40_000, maintype="image", subtype="png", cid="<shot>", filename="shot.png", disposition="inline"
    )
    assert [file.name for file in parse(message.as_bytes()).files] == ["shot.png"]


def test_a_mail_within_a_mail_is_kept_apart():
    inner = "From: zoe@far.example\r\nSubject: Broken\r\n\r\nIt does not start."
    read = parse(multipart(("text/plain", "FYI"), ("message/rfc822", inner)))
    assert read.text == "FYI"
    assert read.inner is not None
    assert (str(read.inner.correspondent), read.inner.text) == ("zoe@far.example", "It does not start.")


def test_a_wrong_charset_loses_no_letters():
    raw = "From: a@b.example\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nGrüße".encode("cp1252")
    assert parse(raw).text == "Grüße"


def test_the_key_is_the_same_by_every_way_and_another_for_another_text():
    key = parse(mail()).key
    assert parse(b"Received: by b.example\r\n" + mail()).key == key
    assert parse(mail("Another?")).key != key
    assert parse(mail(id=None)).key != parse(mail("Another?", id=None)).key


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe",
        b"From: \r\nTo: ,,,\r\nDate: yesterday\r\nMessage-ID: none\r\n\r\n",
        b"From: =?utf-8?b?!!!?= <a@b.example>\r\nDate: Mon, 99 Foo 99999 99:99:99 +9999\r\n\r\nHi",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b'Content-Type: text/plain; charset="x\xff"\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%',
        b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
        b"From: " + b"(" * 3_000 + b"\r\n\r\nHi",
        b"Message-ID: =?utf-7?q?<+2AA-@c>?=\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+2AA-",
        b"Message-ID: <a\x00@c>\r\nReferences: <b\x00@c>\r\nSubject: \x00\r\nPrecedence: \x00\r\n\r\n\x00Hi",
    ],
)
def test_nothing_that_comes_makes_it_fail(raw):
    read = parse(raw)
    assert read.key
    said = repr((read.message_id, read.references, read.subject, read.headers, read.text))
    assert "\\x00" not in said
    assert "\\ud8" not in said


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\na\r\n" * 1_000_000,
        b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(20_000)),
        b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(90))
        + b"x\r\n" * 2_000_000,
        b"x" * 31_000_000,
    ],
    ids=["parts", "levels", "lines", "size"],
)
def test_a_mail_bomb_costs_no_time_and_keeps_its_sender(raw):
    began = time.process_time()
    read = parse(b"From: ann@shop.example\r\nSubject: Bomb\r\n" + raw)
    assert time.process_time() - began < 5
    assert read.problem is not None
    assert (str(read.correspondent), read.subject) == ("ann@shop.example", "Bomb")


def test_ids_are_read_from_what_programs_put_around_them():
    assert ids("<a@b> (note) <c@d>,<>") == ["a@b", "c@d"]
    assert ids(f"<{'x' * 300}@y>")[0].startswith("sha256:")
