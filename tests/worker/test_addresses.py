"""Which URLs may be called: every trick that hides a private address."""

import ipaddress

import dnslib.server
import pytest

from tests.support.fakes import LOOPBACK
from tests.support.receiver import Receiver
from worker.addresses import AddressRefused, Caller, Guard, is_denied

PUBLIC = ["93.184.216.34"]


def guard(addresses: list[str] | None = None, allow: str = "") -> Guard:
    networks = [ipaddress.ip_network(one) for one in allow.split(",") if one]

    def resolve(host: str, _port: int) -> list[str]:
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            if addresses is None:
                raise OSError("no such host") from None
            return addresses

    return Guard(allow=networks, resolve=resolve)


def test_a_public_https_url_may_be_called():
    for url, addresses in (
        ("https://desk.example/hook?x=1", PUBLIC),
        ("https://desk.example:8443/hook", PUBLIC),
        ("https://not-registered-yet.example/hook", None),
    ):
        assert guard(addresses).check_url(url) is None, "refused by raising otherwise"


@pytest.mark.parametrize(
    "url",
    [
        "http://desk.example/",
        "https://desk.example:22/",
        "ftp://desk.example/",
        "file:///etc/passwd",
        "https://user:pw@desk.example/",
        "https://desk.example@evil.example/",
        "https://",
        "desk.example",
        "https://desk.example/a b",
        "https://desk.example/\n",
        "https://desk.example\\@evil.example/",
        "https://[::1",
        "https://desk.example/" + "x" * 3000,
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fec0::1]/",
        "https://[::7f00:1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://168.63.129.16/",
        "https://192.0.0.192/",
        "https://10.1.2.3/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://0.0.0.0/",
    ],
)
def test_a_url_that_may_not_be_called_is_refused(url):
    with pytest.raises(AddressRefused):
        guard(PUBLIC).check_url(url)


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    with pytest.raises(AddressRefused):
        guard([*PUBLIC, "10.0.0.1"]).check_url("https://desk.example/")


def test_decimal_and_octal_spellings_are_decided_by_what_the_system_dials():
    for host in ("2130706433", "0177.0.0.1", "127.1"):
        with pytest.raises(AddressRefused):
            Guard().check_url(f"https://{host}/")
    with pytest.raises(AddressRefused):
        Guard().check_url("https://localhost/")


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example"])
def test_a_malformed_host_is_refused_not_a_failure(host):
    with pytest.raises(AddressRefused):
        Guard().check_url(f"https://{host}/")


def test_an_operator_may_allow_a_private_network_there_also_plain_http_and_any_port():
    guard(["127.0.0.1"], allow="127.0.0.0/8").check_url("http://desk.internal:9000/hook")
    with pytest.raises(AddressRefused):
        guard(["10.0.0.1"], allow="127.0.0.0/8").check_url("http://desk.internal:9000/hook")
    with pytest.raises(AddressRefused):
        guard(PUBLIC, allow="127.0.0.0/8").check_url("http://desk.example/hook")


def test_a_name_that_changes_its_answer_is_refused_when_it_is_dialled():
    answers = iter([PUBLIC, ["127.0.0.1"]])
    rebinding = Guard(resolve=lambda _host, _port: next(answers))
    rebinding.check_url("https://desk.example/")
    with pytest.raises(AddressRefused):
        rebinding.addresses("desk.example", 443)


class Names(dnslib.server.BaseResolver):
    """A DNS server on loopback that gives its answers one after the other, the last one from then on."""

    def __init__(self, *answers: str):
        self.answers = list(answers)
        self.server = dnslib.server.DNSServer(self, address="127.0.0.1", port=0)
        self.port = self.server.server.server_address[1]
        self.server.start_thread()

    def resolve(self, request, handler):
        reply = request.reply()
        address = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        reply.add_answer(dnslib.RR(request.q.qname, dnslib.QTYPE.A, rdata=dnslib.A(address), ttl=0))
        return reply

    def ask(self, host: str, _port: int) -> list[str]:
        reply = dnslib.DNSRecord.parse(dnslib.DNSRecord.question(host).send("127.0.0.1", self.port, timeout=5))
        return [str(one.rdata) for one in reply.rr]


def test_a_dns_server_that_changes_its_answer_leads_nowhere():
    receiver = Receiver()
    names = Names("93.184.215.14", "127.0.0.1")
    rebinding = Guard(resolve=names.ask)
    url = "https://hooks.shop.example/in"
    try:
        rebinding.check_url(url)  # when it is saved, all is well
        with Caller(rebinding, total_s=5) as caller, pytest.raises(AddressRefused), caller.stream("POST", url):
            pass
        assert receiver.got == []
        with pytest.raises(AddressRefused):
            rebinding.check_url(url)  # and when it is saved again
        allowed = Guard(resolve=names.ask, allow=(ipaddress.ip_network("127.0.0.0/8"),))
        plain = f"http://hooks.shop.example:{receiver.server_port}/in"
        with Caller(allowed, total_s=5) as caller, caller.stream("POST", plain, content=b"{}") as response:
            assert response.status_code == 204  # it is the address that was refused, and nothing else
    finally:
        names.server.stop()
        receiver.shutdown()
        receiver.server_close()
    assert len(receiver.got) == 1


def test_mapped_addresses_are_judged_by_what_they_map():
    assert is_denied(ipaddress.ip_address("::ffff:10.0.0.1"))
    assert not is_denied(ipaddress.ip_address("93.184.216.34"))
    assert not is_denied(ipaddress.ip_address("2606:2800:220:1::1"))


@pytest.mark.parametrize("url", ["https://1.2.3.999/x", "https://[v1.a]/x"])
def test_a_url_that_no_client_can_read_is_refused(url):
    with pytest.raises(AddressRefused):
        LOOPBACK.check_url(url)
