#!/bin/sh
# Ask with curl only: KEY=… URL=http://127.0.0.1:8000 sh ask.sh "How do I reset my password?"
set -eu
URL=${URL:-http://127.0.0.1:8000}
KEY_HEADER="Authorization: Bearer $KEY"

# As JSON: backslashes, quotes and ends of lines of the question are escaped.
body=$(printf %s "$1" | sed 's/\\/\\\\/g; s/"/\\"/g' | awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }')

# The same key with every attempt: the ticket exists once, however often curl tries.
key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
message=$(curl -sS --fail-with-body --retry 3 --retry-all-errors "$URL/v1/tickets" \
  -H "$KEY_HEADER" -H 'Content-Type: application/json' -H "Idempotency-Key: $key" -d "{\"body\": \"$body\"}" |
  sed -n 's/.*"id": *"\(msg_[^"]*\)".*/\1/p')

# `Prefer: wait` holds the request until the message has ended, for at most 60 seconds.
curl -sS --fail-with-body --retry 3 --retry-all-errors "$URL/v1/messages/$message" -H "$KEY_HEADER" -H 'Prefer: wait=60'
