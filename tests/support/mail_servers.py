"""A real Dovecot and a real Postfix on free ports, with a private configuration and queue: no service is touched.

Postfix accepts mail by SMTP and hands it to Dovecot; it takes mail for `gone.example` and bounces it
afterwards, and refuses other addresses at once. Tests share them; each takes an account of its own.
"""

import imaplib
import os
import pwd
import shutil
import smtplib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.oauth import OAuthProvider
from tests.support.processes import free_port

PASSWORD = "secret"
DOMAIN = "desk.example"

#: Why tests are skipped without the servers.
NEEDED = "no dovecot and postfix that could be started: both are needed, and root"

_DOVECOT = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
protocols = imap
ssl = no
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{home}/mail/%u
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 1
auth_mechanisms = plain xoauth2 oauthbearer
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {home}/oauth2.conf
}}
passdb {{
  driver = static
  mechanisms = plain
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={home}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
  mailbox Drafts {{
    special_use = \\Drafts
    auto = create
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service auth {{
  unix_listener {home}/queue/dovecot-auth {{
    mode = 0666
  }}
  unix_listener auth-userdb {{
    mode = 0600
    user = {user}
  }}
}}
"""

_POSTFIX_MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
multi_instance_enable = no
myhostname = mx.desk.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = desk.example shop.example
virtual_mailbox_maps = texthash:{home}/known
virtual_transport = dovecot
dovecot_destination_recipient_limit = 1
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = dovecot-auth
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = permit_mynetworks, reject
transport_maps = inline:{{gone.example=gone:}}
default_transport = error:5.1.1 No such user here
message_size_limit = 60000000
maillog_file = {home}/postfix.log
maillog_file_prefixes = /tmp
alias_maps =
alias_database =
"""

_POSTFIX_MASTER = """
127.0.0.1:{smtp_port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
dovecot unix - n n - - pipe
  flags=DRhu user=dovecot argv=/usr/lib/dovecot/dovecot-lda -c {home}/dovecot.conf -f ${{sender}} -d ${{recipient}}
gone unix - n n - - pipe
  user=nobody argv={home}/nobody
smtp unix - - n - - smtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


#: Dovecot asks who an access token belongs to (RFC 7662).
_OAUTH2 = """
introspection_mode = post
introspection_url = {introspection_url}
username_attribute = username
active_attribute = active
active_value = true
"""


@dataclass(frozen=True, kw_only=True)
class MailServers:
    """Where the servers listen, and the provider whose access tokens they take."""

    smtp_port: int
    imap_port: int
    home: Path
    provider: OAuthProvider

    @property
    def smtp_url(self) -> str:
        return f"smtp://127.0.0.1:{self.smtp_port}"

    def imap_url(self, user: str) -> str:
        """Return the URL of the mailbox of a user, such as `support`."""
        return f"imap://{user}%40{DOMAIN}:{PASSWORD}@127.0.0.1:{self.imap_port}"

    def send(self, data: bytes, *, to: str, sender: str = "ann@shop.example") -> None:
        """Hand a mail to Postfix."""
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=10) as server:
            server.sendmail(sender, [to], data)

    def folder(self, address: str, name: str = "INBOX") -> list[bytes]:
        """Return the mail in a folder, oldest first."""
        with self.opened(address) as imap:
            imap.select(name, readonly=True)
            found = imap.search(None, "ALL")[1][0].split()
            return [imap.fetch(number, "(BODY.PEEK[])")[1][0][1] for number in found]

    def append(self, address: str, name: str, data: bytes) -> None:
        """Put a mail into a folder, as a mail program does with what it has sent."""
        with self.opened(address) as imap:
            imap.append(name, "(\\Seen)", None, data)

    def wait_for_mail(self, address: str, count: int, *, timeout_s: float = 30.0) -> list[bytes]:
        """Wait until an inbox has so many mails, and return them."""
        ends = time.monotonic() + timeout_s
        while len(found := self.folder(address)) < count:
            assert time.monotonic() < ends, f"{len(found)} of {count} mails came to {address}: {self.logs()}"
            time.sleep(0.1)
        return found

    @contextmanager
    def opened(self, address: str) -> Iterator[imaplib.IMAP4]:
        """Yield an IMAP connection that is logged in."""
        imap = imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=10)
        imap.login(address, PASSWORD)
        try:
            yield imap
        finally:
            imap.logout()

    def logs(self) -> str:
        """Return the end of both logs."""
        logs = [self.home / "dovecot.log", self.home / "postfix.log"]
        return "\n".join(log.read_text()[-2_000:] for log in logs if log.exists())


def are_installed() -> bool:
    """Whether Dovecot and Postfix can be started here."""
    return all(map(shutil.which, ("dovecot", "postfix"))) and os.geteuid() == 0


def require_mail() -> None:
    """Skip the test unless Dovecot and Postfix can be started; fail where TEST_REQUIRE names `mail`."""
    if are_installed():
        return
    if "mail" in os.environ.get("TEST_REQUIRE", "").split(","):
        pytest.fail(f"mail is required, but {NEEDED}")
    pytest.skip(NEEDED)


@contextmanager
def mail_servers() -> Iterator[MailServers]:
    """Run both servers."""
    require_mail()
    home = Path(tempfile.mkdtemp(prefix="answerback-mail-"))
    home.chmod(0o755)
    provider = OAuthProvider()
    servers = MailServers(smtp_port=free_port(), imap_port=free_port(), home=home, provider=provider)
    try:
        (home / "queue").mkdir()  # Dovecot listens in there for Postfix
        (home / "oauth2.conf").write_text(_OAUTH2.format(introspection_url=provider.serve()))
        dovecot = _start_dovecot(home, servers.imap_port)
        postfix = _start_postfix(home, servers.smtp_port)
        _wait(servers)
        yield servers
    finally:
        with suppress(UnboundLocalError):
            postfix.terminate()
            postfix.wait(10)
        with suppress(UnboundLocalError):
            dovecot.terminate()
            dovecot.wait(10)
        provider.close()
        shutil.rmtree(home, ignore_errors=True)


def _start_dovecot(home: Path, imap_port: int) -> subprocess.Popen[bytes]:
    user = pwd.getpwnam("dovecot")
    mail = home / "mail"
    mail.mkdir()
    os.chown(mail, user.pw_uid, user.pw_gid)
    log = home / "dovecot.log"
    log.touch()
    log.chmod(0o666)  # the deliveries log there too, as the user
    config = home / "dovecot.conf"
    config.write_text(
        _DOVECOT.format(home=home, user="dovecot", group="dovecot", password=PASSWORD, imap_port=imap_port)
    )
    return subprocess.Popen(["dovecot", "-F", "-c", str(config)])


def _start_postfix(home: Path, smtp_port: int) -> subprocess.Popen[bytes]:
    config = home / "postfix"
    config.mkdir()
    (config / "main.cf").write_text(_POSTFIX_MAIN.format(home=home))
    (config / "master.cf").write_text(_POSTFIX_MASTER.format(smtp_port=smtp_port, home=home))
    (home / "known").write_text("@desk.example x\n@shop.example x\n")
    nobody = home / "nobody"
    nobody.write_text("#!/bin/sh\nexit 67\n")  # EX_NOUSER
    nobody.chmod(0o755)
    data = home / "data"
    data.mkdir()
    shutil.chown(data, "postfix")
    subprocess.run(["postfix", "-c", str(config), "check"], check=True, capture_output=True)
    return subprocess.Popen(["/usr/lib/postfix/sbin/master", "-c", str(config), "-d"])


def _wait(servers: MailServers) -> None:
    ends = time.monotonic() + 30
    while True:
        try:
            with servers.opened(f"probe@{DOMAIN}"), smtplib.SMTP("127.0.0.1", servers.smtp_port, timeout=5):
                return
        except (OSError, imaplib.IMAP4.error, smtplib.SMTPException) as error:
            if time.monotonic() > ends:
                raise AssertionError(f"the mail servers do not answer: {error}\n{servers.logs()}") from error
            time.sleep(0.2)
