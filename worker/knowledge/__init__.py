"""The knowledge base's rows: documents come in, snapshots are published, searches are answered."""
