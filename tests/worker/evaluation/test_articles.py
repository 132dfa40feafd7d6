"""Articles of a labelled set are found by the text under their headings."""

import pytest

from kb.quality import LabelsUnreadable
from worker.evaluation.articles import articles_of, indexed_articles


def test_an_article_is_found_by_what_it_says(folder, embedder):
    with indexed_articles(articles_of(folder, "shop"), embedder) as knowledge:
        found = knowledge.search("w", "Can I pay by card?", limit=1)
    assert [hit.record.document_id for hit in found.hits] == ["pay.md"]


def test_a_set_may_use_the_articles_of_another(folder, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "articles.path").write_text("../articles\n")
    assert (articles_of(tmp_path / "other", "shop") / "pay.md").is_file()


def test_a_folder_without_articles_is_refused(tmp_path, embedder):
    with pytest.raises(LabelsUnreadable), indexed_articles(tmp_path, embedder):
        pass
