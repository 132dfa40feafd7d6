"""One module for each family of formats: bytes in, blocks out."""
