"""What comes in and goes out, as marshmallow schemas. Input is strict; output describes what `wire` made."""
