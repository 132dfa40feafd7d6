"""Errors of the knowledge base classify: by code for clients, by class for callers."""

from kb.errors import DocumentTooLarge, DocumentUnreadable, KnowledgeError, SnapshotInvalid, SnapshotOutdated


def test_an_error_says_what_happened_even_where_its_raiser_says_nothing():
    assert str(DocumentTooLarge()) == "The document is larger than the knowledge base accepts."
    assert str(DocumentTooLarge("11 MB are too many.")) == "11 MB are too many."


def test_clients_can_tell_every_error_from_the_others():
    kinds = [KnowledgeError, *KnowledgeError.__subclasses__(), DocumentTooLarge, SnapshotOutdated]
    assert len({kind.code for kind in kinds}) == len(kinds)


def test_callers_that_handle_the_general_case_handle_the_special_one():
    assert issubclass(DocumentTooLarge, DocumentUnreadable)
    assert issubclass(SnapshotOutdated, SnapshotInvalid)
    assert DocumentTooLarge.field == "file"
