"""Login attempts are limited."""


def test_login_attempts_from_one_address_are_limited(app):
    client = app.test_client()
    codes = [client.post("/console/login", data={"login": f"u{n}", "password": "x"}).status_code for n in range(35)]
    assert codes == [401] * 30 + [429] * 5


def test_wrong_passwords_for_one_login_are_limited(app):
    client = app.test_client()
    for _ in range(10):
        assert client.post("/console/login", data={"login": "x", "password": "guess"}).status_code == 401
    assert client.post("/console/login", data={"login": "x", "password": "guess"}).status_code == 429
