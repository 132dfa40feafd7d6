"""The lexical index: BM25 over stemmed words, by tantivy."""

from collections.abc import Iterable
from pathlib import Path

import tantivy

from kb import sentences

_ANALYSER = "support_english"
_HEAP_BYTES = 128 * 1024 * 1024


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("row", stored=True)
    builder.add_text_field("text", stored=False, tokenizer_name=_ANALYSER, index_option="freq")
    return builder.build()


def _analyser() -> tantivy.TextAnalyzer:
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(64))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .filter(tantivy.Filter.stopword("english"))
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )


class LexicalIndex:
    """Passages by the words they share with a query; rows are numbered in the order they were given."""

    def __init__(self, index: tantivy.Index) -> None:
        index.register_tokenizer(_ANALYSER, _analyser())
        self._index = index
        self._analyse = _analyser().analyze
        index.reload()
        self._searcher = index.searcher()

    @classmethod
    def build(cls, texts: Iterable[str], folder: Path) -> "LexicalIndex":
        """Index `texts` into an empty folder, which is made."""
        folder.mkdir(parents=True)
        index = tantivy.Index(_schema(), path=str(folder))
        index.register_tokenizer(_ANALYSER, _analyser())
        writer = index.writer(heap_size=_HEAP_BYTES, num_threads=1)
        try:
            for row, text in enumerate(texts):
                writer.add_document(tantivy.Document(row=row, text=text))
            writer.commit()
        finally:
            writer.wait_merging_threads()  # its threads must not write on into a folder that is being removed
        return cls(index)

    @classmethod
    def open(cls, folder: Path) -> "LexicalIndex":
        """Open an index; its files are mapped into memory."""
        return cls(tantivy.Index.open(str(folder)))

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def search(self, query: str, limit: int) -> list[tuple[int, float]]:
        """Return up to `limit` (row, BM25 score), best first; nothing when no word of the query is known."""
        terms = dict.fromkeys(self._analyse(" ".join(sentences.words(query))))
        if not terms:
            return []
        schema = self._index.schema
        clauses = [(tantivy.Occur.Should, tantivy.Query.term_query(schema, "text", term)) for term in terms]
        found = self._searcher.search(tantivy.Query.boolean_query(clauses), limit, count=False)
        return [(self._searcher.doc(address)["row"][0], float(score)) for score, address in found.hits]
