// The version, which is that of the API.
// Generated from docs/openapi.json by clients/generate.py: do not edit.

export const VERSION = "0.2.0";
