"""The lexical index: BM25 over analysed words, by tantivy, and the words as they are written.

A passage is analysed by its language (`kb.analysis`), a query by each language that the index has. Scripts without
spaces are indexed by pairs of characters (`kb.segmentation`).
"""

import math
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tantivy

from kb import sentences
from kb.analysis import analysed, analysis_language, folding
from kb.files import link
from kb.segmentation import segmented

_ANALYSED = "analysed_words"
_AS_WRITTEN = "words_as_written"

#: Begins the marks that say by which languages an index was analysed.
_LANGUAGE_MARK = "analysed:"

#: The most that one occurrence of a word after another adds to BM25, as a multiple of the word's rarity: k1 + 1.
_SATURATION = 2.2
_HEAP_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The entry of a passage in the index: the text to match, its language, and the facets to filter by."""

    row: int
    key: str
    text: str
    language: str | None = None
    facets: Sequence[str] = ()


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("row", stored=True)
    builder.add_text_field("key", stored=False, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("mark", stored=False, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("text", stored=False, tokenizer_name=_ANALYSED, index_option="freq")
    builder.add_text_field("word", stored=False, tokenizer_name=_AS_WRITTEN, index_option="basic")
    return builder.build()


class LexicalIndex:
    """Passages by the words they share with a query. Safe to share between threads."""

    def __init__(self, index: tantivy.Index) -> None:
        _register(index)
        self._index = index
        index.reload()
        self._searcher = index.searcher()
        found = self._searcher.terms_with_prefix("mark", _LANGUAGE_MARK)
        self._languages = tuple(sorted(mark.removeprefix(_LANGUAGE_MARK) for mark, _count in found))

    @classmethod
    def build(cls, entries: Iterable[Entry], folder: Path) -> "LexicalIndex":
        """Index passages into an empty folder, which is made."""
        folder.mkdir(parents=True)
        index = tantivy.Index(_schema(), path=str(folder))
        _write(index, entries)
        return cls(index)

    @classmethod
    def extend(cls, base: Path, folder: Path, *, entries: Iterable[Entry], gone: Iterable[str]) -> "LexicalIndex":
        """Index passages beside those of another index, less the keys in `gone`, into a folder, which is made.

        The files of the other index, which never change, are linked rather than copied.
        """
        folder.mkdir(parents=True)
        for path in base.iterdir():
            if path.name.endswith(".lock"):
                continue
            if path.suffix == ".json":  # tells which files belong to the index
                shutil.copy(path, folder / path.name)
            else:
                link(path, folder / path.name)
        index = tantivy.Index.open(str(folder))
        _write(index, entries, gone)
        return cls(index)

    @classmethod
    def open(cls, folder: Path) -> "LexicalIndex":
        """Open an index; its files are mapped into memory."""
        return cls(tantivy.Index.open(str(folder)))

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def terms(self, text: str, language: str | None) -> frozenset[str]:
        """Return the words of a text that carry its subject, as the index has those of passages in a language."""
        content = " ".join(sentences.content_words(segmented(text)))
        return frozenset(analysed(content, language))

    def rarity(self, term: str) -> float | None:
        """Return the inverse document frequency of a term, as BM25 weighs it; None when no passage has it."""
        having, count = self._searcher.doc_freq("text", term), len(self)
        return math.log1p((count - having + 0.5) / (having + 0.5)) if 0 < having <= count else None

    def search(self, query: str, limit: int, *, groups: Sequence[Sequence[str]] = ()) -> list[tuple[int, float]]:
        """Return up to `limit` (row, BM25 score), best first; nothing when no word of the query is known.

        Of each of the `groups` of facets, a passage must have one.
        """
        terms = {term for language in self._languages_of(query) for term in _terms(query, language)}
        if not terms:
            return []
        schema = self._index.schema
        words = _any_of(tantivy.Query.term_query(schema, "text", term) for term in terms)
        clauses = [(tantivy.Occur.Must, words)]
        for group in groups:
            any_of = _any_of(tantivy.Query.term_query(schema, "mark", mark) for mark in group)
            clauses.append((tantivy.Occur.Must, tantivy.Query.const_score_query(any_of, 0.0)))
        asked = words if len(clauses) == 1 else tantivy.Query.boolean_query(clauses)
        found = self._searcher.search(asked, limit, count=False)
        return [(self._searcher.doc(address)["row"][0], float(score)) for score, address in found.hits]

    def attainable(self, query: str) -> float:
        """Return the BM25 score that no passage exceeds: that of one with every word of the query, again and again.

        A word that no passage has counts too: a passage found by the others is not all that was asked for.
        """
        return _SATURATION * max(
            (self._rarities(query, language) for language in self._languages_of(query)), default=0.0
        )

    def has(self, word: str) -> bool:
        """Whether a passage has a word in any of its forms; always true of a word that is not searched for."""
        return any(
            all(self._searcher.doc_freq("text", term) for term in analysed(word, language))
            for language in self._languages
        )

    def words(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        """Return up to `limit` (word, passages that have it) with a prefix in lower case, the most frequent first.

        Words are without accents.
        """
        return list(self._searcher.terms_with_prefix("word", prefix, limit=limit))

    def _languages_of(self, query: str) -> tuple[str, ...]:
        """Return the languages of the index in which a query has the most stop words: all of them where it has none."""
        if len(self._languages) < 2:
            return self._languages
        words = sentences.words(query)
        stop_words = {language: sum(not analysed(word, language) for word in words) for language in self._languages}
        most = max(stop_words.values())
        return tuple(language for language, count in stop_words.items() if count == most)

    def _rarities(self, query: str, language: str) -> float:
        """Return the sum of the inverse document frequencies of a query's words in a language."""
        count = self._searcher.num_docs
        having = (self._searcher.doc_freq("text", term) for term in _terms(query, language))
        return sum(math.log1p((count - found + 0.5) / (found + 0.5)) for found in having)


def _terms(query: str, language: str) -> frozenset[str]:
    return frozenset(analysed(" ".join(sentences.words(segmented(query))), language))


def _register(index: tantivy.Index) -> None:
    index.register_tokenizer(_ANALYSED, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    index.register_tokenizer(_AS_WRITTEN, folding())


def _any_of(queries: Iterable[Any]) -> Any:
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])


def _write(index: tantivy.Index, entries: Iterable[Entry], gone: Iterable[str] = ()) -> None:
    _register(index)
    writer = index.writer(heap_size=_HEAP_BYTES, num_threads=1)
    try:
        for key in gone:
            writer.delete_documents_by_term("key", key)
        for entry in entries:
            language = analysis_language(entry.language)
            text = " ".join(analysed(entry.text, language))
            document = tantivy.Document(row=entry.row, key=entry.key, text=text)
            document.add_text("word", entry.text)
            for mark in (*entry.facets, f"{_LANGUAGE_MARK}{language}"):
                document.add_text("mark", mark)
            writer.add_document(document)
        writer.commit()
    finally:
        writer.wait_merging_threads()  # its threads must not write on into a folder that is being removed
