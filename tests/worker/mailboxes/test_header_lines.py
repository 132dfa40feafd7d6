"""Ids and addresses stand in the mail that is sent as they are, however long they are."""

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest

from worker.mailboxes.addresses import Address
from worker.mailboxes.header_lines import POLICY, id_list

#: As long as those of Exchange Online.
OUTLOOK = "AM0PR04MB1234567890ABCDEF1234567890ABCDEF123456789@AM0PR04MB1234.eurprd04.prod.outlook.com"


def written(**headers: str) -> bytes:
    message = EmailMessage(policy=POLICY)
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Hello")
    return message.as_bytes()


@pytest.mark.parametrize("name", ["Message-ID", "In-Reply-To", "References"])
def test_a_long_id_is_written_as_it_is(name):
    assert f"{name}: <{OUTLOOK}>\r\n".encode() in written(**{name.replace("-", "_"): f"<{OUTLOOK}>"})


def test_many_references_are_folded_between_ids_and_none_is_lost():
    ids = [f"{number}.{OUTLOOK}" for number in range(20)]
    data = written(References=id_list(ids))
    assert max(map(len, data.split(b"\r\n"))) < 998
    assert b"=?" not in data
    read = message_from_bytes(data, policy=policy.default)["References"]
    assert read.split() == [f"<{id}>" for id in ids]


def test_of_very_long_references_the_first_and_the_last_stay():
    ids = [f"{number}-{'x' * 890}@y" for number in range(20)]
    kept = id_list(ids).split()
    assert sum(map(len, kept)) < 8_000
    assert (kept[0], kept[-1], len(kept)) == (f"<{ids[0]}>", f"<{ids[-1]}>", 8)
    assert max(map(len, written(References=" ".join(kept)).split(b"\r\n"))) < 998


def test_an_id_that_no_header_can_hold_is_left_out():
    assert id_list(["a@b", "grüße@b", "a b@c", "a\r\nBcc:@d", "x" * 2_000, "", "e@f"]) == "<a@b> <e@f>"


def test_a_long_address_with_a_name_that_is_encoded_stays_an_address():
    people = [
        Address(address=f"{'b' * 60}@{'a' * 40}.example", name="Läden Inc " * 8),
        Address(address=f"{'c' * 60}@{'a' * 40}.example", name="Plain, Inc."),
    ]
    data = written(To=", ".join(map(str, people)), Cc=str(people[1]))
    read = message_from_bytes(data, policy=policy.default)
    assert [address.addr_spec for address in read["To"].addresses] == [person.address for person in people]
    raw = str(message_from_bytes(data)["To"]).partition("<")[0]  # Python's parser puts spaces between encoded words
    assert str(make_header(decode_header(raw))).split() == people[0].name.split()
    assert read["Cc"].addresses[0].display_name == "Plain, Inc."
    assert all(len(word) <= 75 for word in data.decode("ascii").split() if word.startswith("=?"))


def test_a_value_cannot_add_headers():
    data = written(To="Ann\r\nBcc: all@x.example <ann@shop.example>")
    assert message_from_bytes(data)["Bcc"] is None
