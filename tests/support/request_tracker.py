"""A real Request Tracker 5 from Debian's packages, with a database and folders of its own.

It needs `request-tracker5 rt5-db-sqlite rt5-standalone rt5-clients`; nothing outside its folder is read or written.
"""

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.support.processes import answers, folder_in_memory, free_port, running, wait_for

_PROGRAMS = "/usr/share/request-tracker5"
SERVER = Path(os.environ.get("TEST_RT", f"{_PROGRAMS}/libexec/rt-server"))
_SETUP = Path("/usr/sbin/rt-setup-database-5")
_GATE = Path("/usr/bin/rt-mailgate-5")

USER, AGENT, CUSTOMER = "answerback", "bob", "ada@example.com"
_PASSWORD = "open-sesame-7"

_CONFIG = """\
$RT::MasonDataDir = '{folder}/mason_data';
$RT::MasonSessionDir = '{folder}/session_data';
$RT::VarPath = '{folder}/var';
Set($rtname, 'desk.example');
Set($Organization, 'desk.example');
Set($CorrespondAddress, 'rt@desk.example');
Set($CommentAddress, 'rt-comment@desk.example');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($WebPath, '');
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{folder}/var/rt.sqlite');
Set($LogToSTDERR, 'warning');
Set($LogToSyslog, undef);
Set($LogToFile, undef);
Set($MailCommand, 'mbox');
Set($Timezone, 'UTC');
1;
"""

#: Users, rights, a field for tags, and the token of the bot's user.
_DESK = """\
my $root = RT->SystemUser;
sub done {{ my ($ok, $said) = @_; die "$said\\n" unless $ok; return $ok }}
my $user = sub {{ my $made = RT::User->new($root); done($made->Create(Password => '{password}', @_)); return $made }};
my $bot = $user->(Name => '{user}', RealName => 'Answerback', EmailAddress => 'bot@desk.example', Privileged => 1);
$user->(Name => '{agent}', RealName => 'Bob', EmailAddress => 'bob@desk.example', Privileged => 1);
$user->(Name => '{customer}', RealName => 'Ada', EmailAddress => '{customer}', Privileged => 0);
my %rights = (
    Everyone => [qw(CreateTicket ReplyToTicket SeeQueue)],
    Privileged => [qw(ShowTicket ShowTicketComments CommentOnTicket ModifyTicket DeleteTicket OwnTicket TakeTicket
        ReassignTicket SeeCustomField ModifyCustomField)],
);
for my $name (keys %rights) {{
    my $group = RT::Group->new($root);
    $group->LoadSystemInternalGroup($name);
    done($group->PrincipalObj->GrantRight(Right => $_, Object => $RT::System)) for @{{ $rights{{$name}} }};
}}
my $queue = RT::Queue->new($root);
$queue->Load('General');
my $field = RT::CustomField->new($root);
done($field->Create(Name => 'Tags', Type => 'FreeformMultiple', LookupType => 'RT::Queue-RT::Ticket'));
done($field->AddToObject($queue));
my ($ok, $said, $token) = RT::AuthToken->new($root)->Create(Owner => $bot->id, Description => 'Answerback');
done($ok, $said);
print "token=$token\\n";
"""

_SCRIP = """\
my ($condition, $action) = @ARGV;
my ($ok, $said) = RT::Scrip->new(RT->SystemUser)->Create(
    Description => 'Answerback', Queue => 0, Template => 'Blank', Stage => 'TransactionBatch',
    ScripCondition => 'User Defined', ScripAction => 'User Defined',
    CustomIsApplicableCode => $condition, CustomPrepareCode => '1;', CustomCommitCode => $action,
);
die "$said\\n" unless $ok;
print "scrip=$ok\\n";
"""

_NO_SCRIP = """\
my $scrip = RT::Scrip->new(RT->SystemUser);
$scrip->Load($ARGV[0]);
my ($ok, $said) = $scrip->Delete;
die "$said\\n" unless $ok;
"""


def missing() -> str | None:
    """Return what of RT is not installed, or None."""
    paths = [path for path in (SERVER, _SETUP, _GATE) if not path.exists()]
    return f"{', '.join(map(str, paths))} not found" if paths else None


class RequestTracker:
    """A server that runs, and what its people do."""

    kind = "rt"
    echoes = False
    resume_tag = "bot"

    def __init__(self, folder: Path, port: int):
        self.folder, self.url = folder, f"http://127.0.0.1:{port}"
        self.env = {"RT_SITE_CONFIG": str(folder / "RT_SiteConfig.pm"), "RT_SITE_CONFIG_DIR": str(folder / "conf.d")}
        self.token = ""

    def options(self) -> dict[str, str]:
        return {"user": USER, "tags_field": "Tags"}

    def perl(self, code: str, *arguments: str) -> str:
        """Run a script with RT's library and return what it prints."""
        command = ["perl", f"-I{_PROGRAMS}/lib", "-MRT=-init", "-e", code, *arguments]
        return self.command(command)

    def command(self, command: list[str], text: str | None = None) -> str:
        env = {**os.environ, **self.env}
        done = subprocess.run(command, env=env, input=text, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def install(self, condition: str, action: str) -> str:
        """Install a scrip as an administrator pastes it; return its id."""
        found = re.search(r"scrip=(\d+)", self.perl(_SCRIP, condition, action))
        assert found
        return found[1]

    def remove(self, scrip: str) -> None:
        self.perl(_NO_SCRIP, scrip)

    # -- what people do ------------------------------------------------------------------------------------------------

    def call(self, who: str, method: str, path: str, body: Any = None) -> Any:
        """Call the REST API as a person."""
        answer = httpx.request(
            method, f"{self.url}/REST/2.0{path}", auth=(who, _PASSWORD), json=body, timeout=30, follow_redirects=True
        )
        assert answer.status_code < 300, answer.text
        return answer.json()

    def asks(self, text: str, *, subject: str = "Parcel") -> int:
        """Have the customer open a ticket; return its id."""
        new = {"Queue": "General", "Subject": subject, "Requestor": CUSTOMER}
        made = self.call(CUSTOMER, "POST", "/ticket", {**new, "Content": text, "ContentType": "text/plain"})
        return int(made["id"])

    def writes(self, who: str, ticket: int, text: str, *, how: str = "correspond", **more: str) -> None:
        self.call(who, "POST", f"/ticket/{ticket}/{how}", {"Content": text, "ContentType": "text/plain", **more})

    def changes(self, ticket: int, **fields: Any) -> None:
        self.call(AGENT, "PUT", f"/ticket/{ticket}", fields)

    def mails(self, text: str, *, subject: str, sender: str = f"Ada <{CUSTOMER}>", **headers: str) -> None:
        """Send mail to the desk, through RT's own gateway."""
        given = {"From": sender, "To": "rt@desk.example", "Subject": subject, **headers}
        mail = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in given.items())
        options = ["--queue", "General", "--action", "correspond", "--url", self.url]
        self.command([str(_GATE), *options], f"{mail}\n{text}\n")

    def replies_in_its_page(self, ticket: int, text: str) -> None:
        """Have the agent log in to RT's own pages and send the form of a reply."""
        with httpx.Client(base_url=self.url, timeout=30, follow_redirects=True) as browser:
            browser.post("/NoAuth/Login.html", data={"user": AGENT, "pass": _PASSWORD}).raise_for_status()
            page = browser.get("/Ticket/Update.html", params={"id": ticket, "Action": "Respond"})
            fields = dict(re.findall(r'<input type="hidden"[^>]* name="([\w-]+)" value="([^"]*)"', page.text))
            form = {
                **fields,
                "id": str(ticket),
                "UpdateType": "response",
                "UpdateContent": text,
                "UpdateContentType": "text/plain",
                "SubmitTicket": "Update Ticket",
            }
            referer = {"Referer": str(page.url)}
            sent = browser.post("/Ticket/Update.html", data=form, headers=referer)
            assert "Correspondence added" in sent.text, sent.text[-3000:]

    # -- what stands in it ---------------------------------------------------------------------------------------------

    def ticket(self, ticket: int) -> dict[str, Any]:
        found: dict[str, Any] = self.call(AGENT, "GET", f"/ticket/{ticket}")
        return found

    def bots(self, ticket: int, *, public: bool) -> list[str]:
        """What the bot wrote into a ticket, oldest first."""
        listed = self.call(AGENT, "GET", f"/ticket/{ticket}/history?fields=Type,Creator&per_page=100")["items"]
        kind = "Correspond" if public else "Comment"
        ids = [one["id"] for one in listed if one["Type"] == kind and one["Creator"]["id"] == USER]
        return [self._content(id) for id in ids]

    def _content(self, transaction: str) -> str:
        parts = self.call(AGENT, "GET", f"/transaction/{transaction}/attachments?fields=Content,ContentType")["items"]
        return "".join(part.get("Content") or "" for part in parts)

    def sent(self) -> str:
        """The mail that RT sent."""
        return "".join(path.read_text() for path in sorted((self.folder / "var").glob("*.mbox")))


@contextlib.contextmanager
def request_tracker() -> Iterator[RequestTracker]:
    """Run RT, with an agent, a customer and a user for the bot."""
    with folder_in_memory() as folder, _started(folder) as rt:
        yield rt


@contextlib.contextmanager
def _started(folder: Path) -> Iterator[RequestTracker]:
    rt = RequestTracker(folder, port := free_port())
    for name in ("mason_data", "session_data", "var", "conf.d"):
        (folder / name).mkdir()
    (folder / "RT_SiteConfig.pm").write_text(_CONFIG.format(folder=folder, port=port))
    rt.command([str(_SETUP), "--action", "init", "--skip-create"])
    made = rt.perl(_DESK.format(user=USER, agent=AGENT, customer=CUSTOMER, password=_PASSWORD))
    found = re.search(r"token=(\S+)", made)
    assert found, made
    rt.token = found[1]
    command = [str(SERVER), "--port", str(port), "--max-workers", "3"]
    with running(command, env=rt.env, cwd=folder, log=folder / "server.log"):
        wait_for(lambda: answers(f"{rt.url}/NoAuth/Login.html"), what="RT", timeout_s=60)
        yield rt
