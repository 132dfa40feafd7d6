"""Views of the knowledge base: documents, imports, snapshots, search."""
