"""The scrip that makes Request Tracker send webhooks, for its administrator to paste."""

#: It runs once for the transactions of a request, after they are committed: what a webhook tells of can be read.
CONDITION = """\
my @told = grep {
    $_->Type =~ /\\A(?:Create|Correspond|Status|CustomField|AddLink)\\z/
        || ( $_->Type eq 'Set' && ( $_->Field || '' ) =~ /\\A(?:Owner|Queue)\\z/ )
} @{ $self->TicketObj->TransactionBatch || [] };
return scalar grep { $_->CreatorObj->Name ne %(user)s } @told;
"""

ACTION = """\
require Digest::SHA;
require LWP::UserAgent;
my $ticket = $self->TicketObj;
my $body = sprintf '{"ticket_id":"%%d","transaction_id":"%%d","merged_ids":[%%s]}',
    $ticket->id, $self->TransactionObj->id, join ',', $ticket->Merged;
my $time = time;
my $answer = LWP::UserAgent->new( timeout => 3 )->post(
    %(url)s,
    'Content-Type'           => 'application/json',
    'X-Answerback-Timestamp' => $time,
    'X-Answerback-Signature' => 'sha256=' . Digest::SHA::hmac_sha256_hex( "$time.$body", %(secret)s ),
    Content                  => $body,
);
RT->Logger->warning( 'Answerback: ' . $answer->status_line ) unless $answer->is_success;
1;
"""


def scrip(inbound: str, *, secret: str, user: str) -> tuple[str, str]:
    """Return the code of the scrip: of its condition and of its action.

    `inbound` is the URL for webhooks, signed with `secret`; changes by `user`, the bot, are not told.
    """
    values = {"url": _quoted(inbound), "secret": _quoted(secret), "user": _quoted(user)}
    return CONDITION % values, ACTION % values


def setup_steps(inbound: str, *, secret: str, user: str) -> str:
    """Return the steps for the administrator of RT."""
    condition, action = scrip(inbound, secret=secret, user=user)
    return f"""\
1. Admin > Users > Create: a privileged user {user} for the bot. Its token: Logged in as > Settings > Auth tokens.
   Admin > Global (or the queues) > User rights, for this user: ShowTicket, ShowTicketComments, ReplyToTicket,
   CommentOnTicket, ModifyTicket, SeeQueue, SeeCustomField, ModifyCustomField; OwnTicket to give tickets back to it;
   and ReassignTicket to assign tickets that have an owner.
2. Admin > Global > Scrips > Create (or in one queue). Condition: User Defined. Action: User Defined.
   Template: Blank. Applies to: the stage "Batch", in which RT has stored what the webhook tells of.
3. Custom condition:

{_indented(condition)}

4. Custom action commit code (and `1;` as the preparation code):

{_indented(action)}

The scrip waits 3 seconds at most for Answerback."""


def _indented(code: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in code.rstrip().split("\n"))


def _quoted(text: str) -> str:
    """Return a string literal of Perl, in which nothing is replaced."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
