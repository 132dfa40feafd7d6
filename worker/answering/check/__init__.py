"""Check that passages support a draft, and send what they support."""
