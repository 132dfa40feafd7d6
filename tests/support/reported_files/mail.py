"""Messages and mailboxes."""

from tests.support.reported_files import reported

_HEAD = "From: Ann <ann@shop.example>\nTo: help@shop.example\nDate: Mon, 1 Jun 2026 10:00:00 +0000\nMIME-Version: 1.0\n"


@reported(
    ".eml", "https://github.com/NousResearch/hermes-agent/issues/55383", ["Refund policy", "Refunds take five days."]
)
def charset_that_nobody_knows() -> bytes:
    return (
        f"{_HEAD}Subject: Refund policy\nContent-Type: text/plain; charset=bogus\n\nRefunds take five days.\n".encode()
    )


@reported(".eml", "https://github.com/Unstructured-IO/unstructured/issues/801", ["שלום לכולם"])
def hebrew_in_logical_order() -> bytes:
    head = f"{_HEAD}Subject: Hello\nContent-Type: text/plain; charset=iso-8859-8-i\nContent-Transfer-Encoding: 8bit\n\n"
    return head.encode() + "שלום לכולם\n".encode("iso-8859-8")


@reported(".eml", "https://github.com/martinrusev/imbox/issues/113", ["Größe: 42"])
def charset_spelt_with_a_hyphen() -> bytes:
    head = f"{_HEAD}Subject: Sizes\nContent-Type: text/plain; charset=cp-850\nContent-Transfer-Encoding: 8bit\n\n"
    return head.encode() + "Größe: 42\n".encode("cp850")


@reported(".eml", "https://github.com/modoboa/modoboa/issues/944", ["สวัสดี"])
def thai_charset_of_windows() -> bytes:
    head = f"{_HEAD}Subject: Hello\nContent-Type: text/plain; charset=windows-874\nContent-Transfer-Encoding: 8bit\n\n"
    return head.encode() + "สวัสดี\n".encode("cp874")


@reported(".eml", "https://github.com/GOVCERT-LU/eml_parser/issues/60", ["MANAGER COMME UN COACH", "Bonjour."])
def subject_with_broken_encoded_words() -> bytes:
    subject = "Subject: [MANAGER COMME UN COACH 1] Une =?ISO-8859-1?Q\t?compl=E9ter=20?=sur votre plateforme\n"
    return f"{_HEAD}{subject}Content-Type: text/plain; charset=utf-8\n\nBonjour.\n".encode()


@reported(
    ".eml",
    "https://github.com/GOVCERT-LU/eml_parser/issues/38",
    ["Undelivered", "could not be delivered", "Original question", "Wo ist mein Päckchen?"],
)
def returned_message_inside() -> bytes:
    inner = f"{_HEAD}Subject: Original question\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\nWo ist mein Päckchen?\n"
    text = (
        f'{_HEAD}Subject: Undelivered\nContent-Type: multipart/report; boundary="b"\n\n--b\n'
        "Content-Type: text/plain; charset=us-ascii\n\nYour message could not be delivered.\n--b\n"
        f"Content-Type: message/rfc822\n\n{inner}\n--b--\n"
    )
    return text.encode("latin-1")


@reported(
    ".eml",
    "https://github.com/Unstructured-IO/unstructured/issues/848",
    ["Price list", "Express costs 9 euros."],
    lacks=["<b>", "display"],
)
def html_alone() -> bytes:
    return (
        f"{_HEAD}Subject: Price list\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
        '<html><body><p style=3D"color:red">Express costs <b>9 euros</b>.</p></body></html>\n'
    ).encode()


@reported(
    ".eml",
    "https://github.com/martinrusev/imbox/pull/231",
    ["Both ways", "Returns are free."],
    lacks=["Returns are free. Returns are free.", "%PDF"],
    counted={"attachments": 1},
)
def text_twice_and_an_attachment() -> bytes:
    return (
        f'{_HEAD}Subject: Both ways\nContent-Type: multipart/mixed; boundary="m"\n\n--m\n'
        'Content-Type: multipart/alternative; boundary="a"\n\n--a\nContent-Type: text/plain; charset=utf-8\n\n'
        "Returns are free.\n--a\nContent-Type: text/html; charset=utf-8\n\n<p>Returns are free.</p>\n--a--\n--m\n"
        'Content-Type: application/pdf; name="a.pdf"\nContent-Disposition: attachment; filename="a.pdf"\n\n%PDF-1.7\n--m--\n'
    ).encode()


@reported(".eml", "https://github.com/martinrusev/imbox/issues/177", ["Größen", "Wir führen Größe 42."])
def encoded_subject_and_base64() -> bytes:
    import base64

    body = base64.b64encode("Wir führen Größe 42.\n".encode()).decode()
    return (
        f"{_HEAD}Subject: =?utf-8?B?{base64.b64encode('Größen'.encode()).decode()}?=\n"
        f"Content-Type: text/plain; charset=\nContent-Transfer-Encoding: base64\n\n{body}\n"
    ).encode()


_MBOX_HEAD = "From ann@shop.example Mon Jun  1 10:00:00 2026\nFrom: ann@shop.example\nSubject: {}\n\n"


@reported(
    ".mbox",
    "https://github.com/robertklep/node-mbox/issues/12",
    ["First", "Hello.", "From here on it is free.", "Bye.", "Second", "Refunds take five days."],
)
def body_line_that_begins_with_from() -> bytes:
    first = _MBOX_HEAD.format("First") + "Hello.\n\nFrom here on it is free.\n\nBye.\n\n"
    return (first + _MBOX_HEAD.format("Second") + "Refunds take five days.\n\n").encode()


@reported(".mbox", "https://github.com/chaoss/grimoirelab-perceval/issues/20", ["RPC backend", "Sent from OpenStack."])
def address_with_words_in_the_from_line() -> bytes:
    return (
        b"From eric at cloudscaling.com  Thu Aug  9 18:39:17 2012\nFrom: eric at cloudscaling.com (Eric)\n"
        b"Subject: RPC backend\n\nSent from OpenStack.\n\n"
    )


@reported(
    ".mbox",
    "https://github.com/thunderbird/import-export-tools-ng/issues/145",
    ["Quoted", "From the president"],
    lacks=[">From"],
)
def quoted_from_line() -> bytes:
    return (_MBOX_HEAD.format("Quoted") + "Hello.\n>From the president: returns are free.\n\n").encode()


@reported(".mbox", "https://github.com/python/cpython/issues/93376", ["Windows", "One.", "Two", "Three."])
def line_ends_of_windows() -> bytes:
    text = _MBOX_HEAD.format("Windows") + "One.\n\n" + _MBOX_HEAD.format("Two") + "Three.\n"
    return text.replace("\n", "\r\n").encode()
