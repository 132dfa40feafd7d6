"""A real django-helpdesk, run by the Python of a venv of its own, which `make django-helpdesk` makes."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.support.processes import ROOT, answers, folder_in_memory, free_port, running, wait_for

PYTHON = Path(os.environ.get("TEST_DJANGO_HELPDESK", ROOT / ".venv-django-helpdesk" / "bin" / "python"))

AGENT, CUSTOMER = "bob", "ada@example.com"

#: The project: what django-helpdesk's installation page names, and tokens for its API.
_SETTINGS = """\
SECRET_KEY = "test"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "project_urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER + "/desk.sqlite"}}
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.sites",
    "django.contrib.messages", "django.contrib.staticfiles", "django.contrib.humanize", "django.contrib.admin",
    "rest_framework", "rest_framework.authtoken", "helpdesk",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages"]},
}]
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": [
    "rest_framework.authentication.TokenAuthentication", "rest_framework.authentication.SessionAuthentication"]}
LOGIN_URL = "helpdesk:login"
SITE_ID = 1
STATIC_URL = "/static/"
MEDIA_ROOT = FOLDER + "/media"
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = FOLDER + "/mail"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
HELPDESK_ACTIVATE_API_ENDPOINT = True
HELPDESK_TEAMS_MODE_ENABLED = False
HELPDESK_PUBLIC_TICKET_PRIORITY = 3
HELPDESK_PUBLIC_TICKET_DUE_DATE = ""
USE_TZ = True
"""

_URLS = """\
from django.contrib import admin
from django.urls import include, path
urlpatterns = [path("admin/", admin.site.urls), path("", include("helpdesk.urls", namespace="helpdesk"))]
"""

#: A queue, an agent and the user of the bot.
_DESK = """\
import json
from django.contrib.auth import get_user_model
from rest_framework.authtoken.models import Token
from helpdesk.models import Queue
Queue.objects.create(title="Help", slug="help", allow_public_submission=True, allow_email_submission=True,
                     email_address="help@desk.example", new_ticket_cc="", updated_ticket_cc="")
User = get_user_model()
made = {name: User.objects.create_user(name, f"{name}@desk.example", "open-sesame-7", is_staff=True)
        for name in ("answerback", "bob")}
print(json.dumps({name: [user.id, Token.objects.create(user=user).key] for name, user in made.items()}))
"""

#: Put mail into a queue as the command that fetches it does.
_MAIL = """\
import logging, sys
from helpdesk.email import extract_email_metadata
from helpdesk.models import Queue
ticket = extract_email_metadata(sys.stdin.read(), Queue.objects.get(slug="help"), logging.getLogger("mail"))
print("ticket=%s" % (ticket and ticket.id))
"""


def missing() -> str | None:
    """Return what is not installed, or None."""
    return None if PYTHON.exists() else f"{PYTHON} not found: make django-helpdesk"


class DjangoHelpdesk:
    """A server that runs, and what its people do."""

    kind = "django_helpdesk"
    echoes = False

    def __init__(self, folder: Path, env: dict[str, str], users: dict[str, tuple[int, str]], url: str):
        self.folder, self.env, self.users, self.url = folder, env, users, url
        self.token = users["answerback"][1]
        self.resume_tag = f"owner:{users['answerback'][0]}"

    def options(self) -> dict[str, str]:
        return {"bot_id": str(self.users["answerback"][0])}

    def call(self, method: str, path: str, body: Any = None, *, who: str = AGENT) -> Any:
        """Call the API as a member of staff."""
        headers = {"Authorization": f"Token {self.users[who][1]}"}
        answer = httpx.request(method, f"{self.url}/api{path}", headers=headers, json=body, timeout=30)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def asks(self, text: str) -> int:
        """Have a visitor send the web form; return the ticket's id."""
        with httpx.Client(base_url=self.url, timeout=30) as browser:
            form = {"queue": "1", "title": "Parcel", "body": text, "submitter_email": CUSTOMER, "priority": "3"}
            sent = browser.post("/tickets/submit/", data=form)
            assert sent.status_code == 302, sent.text[-2000:]
        return max(int(one["id"]) for one in self.call("GET", "/tickets/?page_size=1000")["results"])

    def mails(self, text: str, *, subject: str, **headers: str) -> int:
        """Have mail fetched into the queue; return the ticket's id."""
        given = {"From": f"Ada <{CUSTOMER}>", "To": "help@desk.example", "Subject": subject, **headers}
        mail = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in given.items())
        said = _shell(self.env, _MAIL, self.folder, f"{mail}\n{text}\n")
        return int(said.rpartition("ticket=")[2])

    def replies_in_its_page(self, ticket: int, text: str, *, public: bool = True, **fields: int) -> None:
        """Have the agent log in to its own pages and send the form below a ticket, with further fields of it."""
        with httpx.Client(base_url=self.url, timeout=30) as browser:
            browser.get("/login/").raise_for_status()
            token = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
            user = {"username": AGENT, "password": "open-sesame-7"}
            entered = browser.post("/login/", data={**user, **token})
            assert entered.status_code == 302, entered.text[-2000:]
            form = {"comment": text, "new_status": "1", "title": "Parcel", "queue": "1", "priority": "3"}
            form |= {name: str(value) for name, value in fields.items()} | ({"public": "1"} if public else {})
            sent = browser.post(f"/tickets/{ticket}/update/", data=form)
            assert sent.status_code == 302, sent.text[-2000:]

    def ticket(self, ticket: int) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/tickets/{ticket}/")
        return found

    def bots(self, ticket: int, *, public: bool) -> list[str]:
        """What the bot wrote into a ticket, oldest first."""
        bot = self.users["answerback"][0]
        listed = sorted(self.ticket(ticket)["followup_set"], key=lambda one: int(one["id"]))
        return [one["comment"] for one in listed if one["user"] == bot and one["public"] == public]

    def sent(self) -> str:
        """The mail that it sent."""
        return "".join(path.read_text() for path in sorted((self.folder / "mail").glob("*")))


def _shell(env: dict[str, str], code: str, folder: Path, text: str = "") -> str:
    command = [str(PYTHON), "-c", f"import django\ndjango.setup()\n{code}"]
    given = {**os.environ, **env}
    done = subprocess.run(
        command, env=given, cwd=folder, input=text, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextlib.contextmanager
def django_helpdesk(webhook_url: str) -> Iterator[DjangoHelpdesk]:
    """Run django-helpdesk; its webhooks go to a URL."""
    with folder_in_memory() as folder, _started(folder, webhook_url) as server:
        yield server


@contextlib.contextmanager
def _started(folder: Path, webhook_url: str) -> Iterator[DjangoHelpdesk]:
    (folder / "project_settings.py").write_text(f"FOLDER = {str(folder)!r}\n{_SETTINGS}")
    (folder / "project_urls.py").write_text(_URLS)
    (folder / "mail").mkdir()
    env = {
        "DJANGO_SETTINGS_MODULE": "project_settings",
        "PYTHONPATH": str(folder),
        "HELPDESK_NEW_TICKET_WEBHOOK_URLS": webhook_url,
        "HELPDESK_FOLLOWUP_WEBHOOK_URLS": webhook_url,
    }
    migrate = "from django.core.management import call_command\ncall_command('migrate', verbosity=0)\n"
    users = json.loads(_shell(env, migrate + _DESK, folder))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(PYTHON), "-m", "django", "runserver", "--noreload", f"127.0.0.1:{port}"]
    with running(command, env=env, cwd=folder, log=folder / "server.log"):
        wait_for(lambda: answers(f"{url}/login/"), what="django-helpdesk", timeout_s=60)
        yield DjangoHelpdesk(folder, env, users, url)
