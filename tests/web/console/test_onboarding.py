"""The first steps on the start page, for who may take them, and gone when they are over."""


def test_an_owner_asks_the_first_question_and_skips_the_rest(person, services):
    owner = person("owner")
    page = owner.get("/console").text
    assert "0 of 4 done" in page
    asked = owner.post("/console/welcome/question", question="How can I pay?")
    assert asked.status_code == 303
    assert "How can I pay?" in owner.get(asked.location).text
    assert owner.post("/console/welcome/question", question=" ").status_code == 422
    for step in ("knowledge", "question", "colleague", "channel"):
        assert "Get started" in owner.get("/console").text
        owner.post(f"/console/welcome/skip/{step}")
    assert "Get started" not in owner.get("/console").text
    assert owner.post("/console/welcome/skip/other").status_code == 404


def test_others_and_keys_see_no_first_steps(person, browser):
    assert "Get started" not in person("agent").get("/console").text
    assert "Get started" not in browser.get("/console").text
