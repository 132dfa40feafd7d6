"""Each kind of mail about an account has its text."""

from worker.accounts import letters
from worker.states import LetterKind
from worker.store.rows import Account

ADA = Account(id="acc_1", email="ada@shop.example", name="Ada", created_at=1)


def test_every_kind_has_a_text_with_the_address_that_helps():
    assert set(letters.NOTICES) == set(LetterKind) - {LetterKind.INVITATION, LetterKind.RESET, LetterKind.WEEKLY_REPORT}
    written = [notice(ADA, "https://desk.example/x") for notice in letters.NOTICES.values()]
    written.append(letters.reset(ADA, "https://desk.example/x"))
    written.append(letters.invitation(ADA, "https://desk.example/x", invited_by=None, workspace="default"))
    for letter in written:
        assert "https://desk.example/x" in letter.text
        assert "ada@shop.example" in letter.text
        assert len(letter.subject) < 78
        assert "\n" not in letter.subject


def test_an_invitation_says_who_invites():
    letter = letters.invitation(ADA, "https://x.example", invited_by="Grace", workspace="default")
    assert letter.subject == "Grace invites you to Answerback"
