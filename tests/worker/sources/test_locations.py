"""A location that is none says what it has to be."""

import pytest

from kb.errors import DocumentUnreadable
from worker.sources.locations import bucket_of, check_location, database_of, portal_of, site_of
from worker.states import SourceKind


@pytest.mark.parametrize(
    ("location", "site", "space"),
    [
        ("https://a.atlassian.net/wiki", "https://a.atlassian.net/wiki", None),
        ("https://a.atlassian.net/wiki/spaces/HELP/overview?homepageId=1", "https://a.atlassian.net/wiki", "HELP"),
        ("https://wiki.example/display/HELP/Returns", "https://wiki.example", "HELP"),
        ("https://example.com/confluence/spaces/~ann/pages/1", "https://example.com/confluence", "~ann"),
        ("https://wiki.example/", "https://wiki.example", None),
        ("https://api.atlassian.com/ex/confluence/1-2/wiki", "https://api.atlassian.com/ex/confluence/1-2/wiki", None),
    ],
)
def test_a_space_is_named_as_browsers_show_it(location, site, space):
    assert site_of(location) == (site, space)


@pytest.mark.parametrize(
    ("location", "token", "expected"),
    [
        ("https://a.example/app/accounts/1/portals/help", True, ("1", "help", None)),
        ("https://a.example/app/accounts/1/portals/help/pt_BR/articles/3", True, ("1", "help", "pt_BR")),
        ("https://a.example/api/v1/accounts/1/portals/help", True, ("1", "help", None)),
        ("https://a.example/hc/help/en", False, (None, "help", "en")),
        ("https://a.example/hc/help/en/articles/3-x", False, (None, "help", "en")),
    ],
)
def test_a_portal_is_named_as_browsers_show_it(location, token, expected):
    found = portal_of(location, has_token=token)
    assert (found.get("account"), found["portal"], found["locale"]) == expected


def test_a_bucket_is_named_with_the_start_of_its_keys():
    assert bucket_of("https://s3.eu-central-1.amazonaws.com/my.bucket/help%20me/de/") == ("my.bucket", "help me/de/")
    assert bucket_of("http://127.0.0.1:9000/bucket") == ("bucket", "")


def test_a_database_is_named_by_its_id():
    assert database_of("https://api.notion.com") is None
    assert database_of(f"https://api.notion.com/v1/databases/{'0' * 32}") == "0" * 32


@pytest.mark.parametrize(
    ("kind", "location", "reason"),
    [
        (SourceKind.CONFLUENCE, "https://a.atlassian.net", "/wiki"),
        (SourceKind.NOTION, "https://www.notion.so/Help-0123456789abcdef0123456789abcdef", "api.notion.com"),
        (SourceKind.FRESHDESK, "https://a.freshdesk.com/support/home", "URL of the account"),
        (SourceKind.CHATWOOT, "https://a.example/hc/help/en", "With a token"),
        (SourceKind.S3, "https://s3.amazonaws.com", "a server and a bucket"),
        (SourceKind.S3, "https://s3.amazonaws.com/Bad_Bucket", "a server and a bucket"),
    ],
)
def test_another_address_is_refused_with_what_it_has_to_be(kind, location, reason):
    with pytest.raises(DocumentUnreadable, match=reason):
        check_location(kind, location, has_token=True)


def test_a_public_portal_needs_its_language():
    with pytest.raises(DocumentUnreadable, match="with the language"):
        check_location(SourceKind.CHATWOOT, "https://a.example/hc/help", has_token=False)


def test_other_kinds_take_any_address():
    assert check_location(SourceKind.PAGE, "https://a.example/anything", has_token=False) is None
