// The codes of the API's errors.
// Generated from docs/openapi.json by clients/generate.py: do not edit.

import type { ErrorCode } from "./types.js";

export const ERROR_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  "address_refused",
  "conflict",
  "database_unavailable",
  "document_too_large",
  "document_unreadable",
  "forbidden",
  "idempotency_mismatch",
  "internal",
  "invalid",
  "key_refused",
  "knowledge_error",
  "last_owner",
  "malformed",
  "no_worker",
  "not_found",
  "not_implemented",
  "rate_limited",
  "role_too_high",
  "secrets_unreadable",
  "settings_changed",
  "too_large",
  "unsupported_media_type",
]);
