from worker.helpdesks.rt_scrip import scrip, setup_steps

INBOUND = "https://answers.example/v1/helpdesks/hd_1/inbound"


def test_a_secret_with_quotes_does_not_end_the_code():
    _condition, action = scrip(INBOUND, secret=r"a'; die; \'", user="bot")
    assert r"""( "$time.$body", 'a\'; die; \\\'' )""" in action
    assert f"'{INBOUND}'," in action


def test_changes_of_the_bot_are_not_told():
    condition, _action = scrip(INBOUND, secret="s", user="o'bot")
    assert r"->Name ne 'o\'bot'" in condition


def test_the_steps_have_the_code_to_paste():
    steps = setup_steps(INBOUND, secret="s", user="bot")
    for line in "\n".join(scrip(INBOUND, secret="s", user="bot")).split("\n"):
        assert line in steps
    assert "%(" not in steps
    assert "%%" not in steps
