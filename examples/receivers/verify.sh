#!/bin/sh
# Verify one callback. BODY is the file with its body: CALLBACK_SECRET=whsec_… sh verify.sh ID TIMESTAMP SIGNATURE BODY
set -eu
key=$(printf %s "${CALLBACK_SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
expected=$({ printf '%s.%s.' "$1" "$2"; cat "$4"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
case " $3 " in *" v1,$expected "*) echo verified ;; *) echo "invalid signature" >&2; exit 1 ;; esac
