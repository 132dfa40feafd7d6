"""Addresses are compared as mail servers do, and nobody makes a token that names another's conversation."""

import pytest

from worker.mailboxes.addresses import Address, is_of_team, is_own, parsed, ticket_of_token, with_token

BOX = "support@desk.example"


def test_addresses_are_read_as_programs_write_them():
    assert [str(address) for address in parsed('"Doe, Jane" <Jane@X.example>, bob@y.example, nobody, <a b@c>')] == [
        '"Doe, Jane" <jane@x.example>',
        "bob@y.example",
    ]
    assert parsed("") == ()
    assert len(parsed(", ".join(f"a{number}@b.example" for number in range(900)))) == 50


@pytest.mark.parametrize("address", [BOX, "Support@DESK.example", "support+x@desk.example"])
def test_the_mailbox_knows_its_own_addresses(address):
    assert is_own(address, BOX)
    assert not is_own(f"x{address}", BOX)


def test_a_domain_among_the_team_stands_for_all_its_addresses_and_no_subdomain():
    assert is_of_team("ola@desk.example", ["@desk.example"])
    assert not is_of_team("ola@evil.desk.example", ["@desk.example"])
    assert is_of_team("ola@x.example", ["ola@x.example"])


def test_a_token_names_its_ticket_and_a_changed_one_names_none():
    signed = with_token(BOX, "mail_1", "secret")
    assert ticket_of_token(["a@b.example", signed.upper().lower()], BOX, "secret") == "mail_1"
    assert ticket_of_token([signed.replace("mail_1", "mail_2")], BOX, "secret") is None
    assert ticket_of_token([signed], BOX, "another secret") is None
    assert ticket_of_token([signed.replace("desk.example", "evil.example")], BOX, "secret") is None
    assert ticket_of_token(["support+x@desk.example", BOX], BOX, "secret") is None
    own = "support+eu@desk.example"
    assert ticket_of_token([with_token(own, "mail_1", "secret")], own, "secret") == "mail_1"


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("ann@shop.example", "ann@shop.example"),
        ("ann@münchen.example", "ann@xn--mnchen-3ya.example"),
        ("ann@straße.example", "ann@xn--strae-oqa.example"),  # another domain than strasse.example
        ("jörg@shop.example", None),
        ("ann@-münchen.example", None),
        ("ann@" + "ü" * 64 + ".example", None),
    ],
)
def test_a_domain_is_sent_in_punycode_and_a_local_part_that_needs_more_is_not_sendable(address, sent):
    found = Address(address=address, name="Ann").deliverable
    assert (found.address if found else None) == sent
    assert found is None or str(found) == f"Ann <{sent}>"


def test_a_mailbox_with_a_domain_of_other_letters_knows_both_its_forms():
    assert is_own("support+x@xn--mnchen-3ya.example", "support@münchen.example")


def test_a_name_of_any_letters_is_written_in_ascii():
    for name in ("Jörg", "名前" * 40, "\ud800"):
        assert str(Address(address="ann@shop.example", name=name)).isascii()


def test_a_header_of_brackets_has_no_address_and_harms_nobody():
    assert parsed("(" * 3_000 + " <ann@shop.example>") == ()
