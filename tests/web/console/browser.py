"""A client of the console."""

import re

from tests.support.stack import KEY

XSS = """<script>alert(1)</script>"><img src=x onerror=alert(1)>'{{7*7}}"""


class Browser:
    """A browser of an agent or operator."""

    def __init__(self, app, key=KEY):
        self.client = app.test_client()
        self.key = key

    def log_in(self, **more):
        return self.client.post("/console/login", data={"key": self.key, **more})

    def get(self, path, **options):
        return self.client.get(path, **options)

    def post(self, path, **data):
        return self.client.post(path, data={"csrf": self.csrf(), **data})

    def csrf(self):
        """Return the token of the session's forms."""
        return re.search(r'name="csrf" value="([^"]+)"', self.get("/console").text)[1]


class Person(Browser):
    """A browser of somebody with an account."""

    def __init__(self, app, email, password):
        super().__init__(app)
        self.email, self.password = email, password

    def log_in(self, **more):
        return self.client.post("/console/login", data={"email": self.email, "password": self.password, **more})
