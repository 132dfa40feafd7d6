"""What Amazon SNS, Postmark and SendGrid post, after the payloads that they publish."""

import base64
import functools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

TOPIC = "arn:aws:sns:us-east-1:012345678912:example-topic"
CERTIFICATE = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem"

#: The order in which SNS signs the fields of each type.
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


@functools.cache
def _pair() -> tuple[rsa.RSAPrivateKey, bytes]:
    """Return the key of SNS and its certificate."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    return key, made.public_bytes(serialization.Encoding.PEM)


@dataclass
class FakeAmazon:
    """Signs as SNS does, and answers for Amazon; `fetched` are the URLs that were called."""

    fetched: list[str] = field(default_factory=list)

    def certificate(self, url: str) -> bytes:
        """Return the certificate, for any URL: whether that is Amazon's is for the caller to know."""
        self.fetched.append(url)
        return _pair()[1]

    def get(self, url: str) -> bytes:
        """Record that a URL was called."""
        self.fetched.append(url)
        return b"<ConfirmSubscriptionResponse/>"

    def notification(self, data: bytes, *, encoding: str | None = None, at: float, **changed: str) -> bytes:
        """Return the body with which SNS posts a mail that SES received."""
        action = {"type": "SNS", "topicArn": TOPIC, **({} if encoding is None else {"encoding": encoding})}
        content = base64.b64encode(data).decode() if encoding == "BASE64" else data.decode("utf-8", "surrogateescape")
        received = {
            "notificationType": "Received",
            "receipt": {
                "timestamp": "2015-09-11T20:32:33.936Z",
                "processingTimeMillis": 222,
                "recipients": ["recipient@example.com"],
                "spamVerdict": {"status": "PASS"},
                "dkimVerdict": {"status": "PASS"},
                "action": action,
            },
            "mail": {
                "timestamp": "2015-09-11T20:32:33.936Z",
                "source": "61967230-7A45-4A9D-BEC9-87CBCF2211C9@example.com",
                "messageId": "d6iitobk75ur44p8kdnnp7g2n800",
                "destination": ["recipient@example.com"],
                "headersTruncated": False,
            },
            "content": content,
        }
        subject = "Amazon SES Email Receipt Notification"
        return self.signed("Notification", at=at, Message=json.dumps(received), Subject=subject, **changed)

    def subscription(self, *, at: float, **changed: str) -> bytes:
        """Return the body with which SNS asks to confirm a subscription."""
        url = f"https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
        text = f"You have chosen to subscribe to the topic {TOPIC}.\nTo confirm it, visit the SubscribeURL."
        given = {"Message": text, "Token": "2336412f37", "SubscribeURL": url}
        return self.signed("SubscriptionConfirmation", at=at, **(given | changed))

    def signed(self, type: str, *, at: float, version: str = "2", **fields: str) -> bytes:
        """Return a message of SNS, signed."""
        moment = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        message: dict[str, Any] = {
            "Type": type,
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Timestamp": moment,
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE,
            **fields,
        }
        order = _NOTIFICATION if type == "Notification" else _CONFIRMATION
        text = "".join(f"{name}\n{message[name]}\n" for name in order if name in message)
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
        signature = _pair()[0].sign(text.encode(), padding.PKCS1v15(), algorithm)
        return json.dumps({**message, "Signature": base64.b64encode(signature).decode()}).encode()


def postmark_payload(data: bytes) -> dict[str, Any]:
    """Return what Postmark posts when the raw mail is included, shortened."""
    return {
        "FromName": "Postmarkapp Support",
        "MessageStream": "inbound",
        "From": "support@postmarkapp.com",
        "To": '"Firstname Lastname" <yourhash+SampleHash@inbound.postmarkapp.com>',
        "OriginalRecipient": "yourhash+SampleHash@inbound.postmarkapp.com",
        "Subject": "Test subject",
        "MessageID": "73e6d360-66eb-11e1-8e72-a8904824019b",
        "MailboxHash": "SampleHash",
        "TextBody": "This is a test text body.",
        "StrippedTextReply": "This is the reply text",
        "Headers": [{"Name": "X-Spam-Status", "Value": "No"}],
        "Attachments": [],
        "RawEmail": data.decode("utf-8", "surrogateescape"),
    }


def basic(password: str, user: str = "answerback") -> str:
    """Return the header `Authorization` of a request to a URL with this password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class SendGridSigner:
    """Signs as SendGrid does, where a security policy asks for signatures."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        """The key as SendGrid shows it."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return base64.b64encode(self._key.public_key().public_bytes(serialization.Encoding.DER, form)).decode()

    def headers(self, body: bytes, *, at: float) -> dict[str, str]:
        """Return the headers with the signature of a body."""
        timestamp = str(int(at))
        signature = self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
        }


def sendgrid_body(data: bytes) -> tuple[bytes, str]:
    """Return the form that SendGrid posts with a raw mail, and its content type."""
    fields = {
        "dkim": b"{@example.com : pass}",
        "email": data,
        "to": b"support@desk.example",
        "from": b"Ann <ann@example.com>",
        "sender_ip": b"10.0.0.1",
        "envelope": b'{"to":["support@desk.example"],"from":"ann@example.com"}',
        "subject": b"My password",
        "SPF": b"pass",
    }
    parts = [
        b'--xYzZY\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
        for name, value in fields.items()
    ]
    return b"".join(parts) + b"--xYzZY--\r\n", "multipart/form-data; boundary=xYzZY"
