"""Read the questions and passages that the answer model learns from.

README.md lists the sources with their licences.
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kb import sentences

#: Where help-centre passages were written for the support model; questions about them teach this one.
PASSAGES = Path(__file__).parents[1] / "support" / "written"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A message of a customer, a passage, whether the passage answers it, and where the pair is from.

    Attributes:
        title: the passage's title with its headings.
        answer: the words of the passage that answer, where they are known.
        group: what is kept on one side of a split: a domain, an article, a thread.
        kind: why the passage does not answer, where that is known.
        cosine: that of the search which found the passage, on the scale of the default embedding model.
    """

    question: str
    passage: str
    answered: bool
    source: str
    title: str = ""
    answer: str = ""
    group: str = ""
    kind: str = ""
    cosine: float | None = None


def write(path: Path, pairs: list[Pair]) -> None:
    """Write pairs as JSON lines."""
    path.write_text("".join(json.dumps(asdict(pair), ensure_ascii=False) + "\n" for pair in pairs))


def read(path: Path) -> list[Pair]:
    """Read pairs that `write` wrote."""
    return [Pair(**json.loads(line)) for line in path.read_text().splitlines()]


def title_of(part: dict[str, str]) -> str:
    """Return the title of a written passage with its heading."""
    return " > ".join(filter(None, dict.fromkeys((part["title"], part["heading"]))))


def written(folder: Path) -> Iterator[Pair]:
    """Questions that were written for this model about the passages of the support model (`written/README.md`)."""
    objects = {path.name: path.read_text().splitlines() for path in sorted(PASSAGES.glob("*.jsonl"))}
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            if "messages" in row:
                continue
            about = json.loads(objects[row["file"]][row["line"]])
            part = about["passages"][row["passage"]]
            common = {"passage": part["text"], "title": title_of(part), "source": "written", "group": about["domain"]}
            for text in row["answered"]:
                yield Pair(question=text, answered=True, **common)
            for text, kind in row["unanswered"]:
                yield Pair(question=text, answered=False, kind=kind, **common)


def of_desks(folder: Path) -> Iterator[Pair]:
    """Messages to invented desks, each with every passage of its desk (`written/README.md`)."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            for message in row.get("messages", ()):
                for place, part in enumerate(row["passages"]):
                    answered = place in message["answered_by"]
                    yield Pair(
                        question=message["text"],
                        passage=part["text"],
                        title=title_of(part),
                        answered=answered,
                        source="desks",
                        group=row["domain"],
                        kind="" if answered else message.get("kind", "neighbour"),
                    )


def of_support() -> Iterator[Pair]:
    """The questions of the support model's sentences: their passages answer them, and so do their true sentences.

    The true sentences of another question about the same passage do not.
    """
    for path in sorted(PASSAGES.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            about = json.loads(line)
            items = [item for item in about["items"] if item["true"]]
            for place, item in enumerate(items):
                other = items[(place + 1) % len(items)]
                common = {"question": item["q"], "group": about["domain"]}
                if len(about["passages"]) == 1:
                    part = about["passages"][0]
                    yield Pair(
                        passage=part["text"], title=title_of(part), answered=True, source="support-passages", **common
                    )
                yield Pair(passage=" ".join(item["true"]), answered=True, source="support-answers", **common)
                if other is not item and not _is_near(item["q"], other["q"]):
                    yield Pair(
                        passage=" ".join(other["true"]),
                        answered=False,
                        source="support-answers",
                        kind="other_question",
                        **common,
                    )


def _is_near(question: str, other: str) -> bool:
    """Whether two questions share half of the content words of the shorter one."""
    own, others = sentences.content(question), sentences.content(other)
    return len(own & others) * 2 >= min(len(own), len(others))


def squad(folder: Path) -> Iterator[Pair]:
    """SQuAD 2's questions with the paragraph that they were written about; `group` is the article."""
    corpus = {row["_id"]: row for row in _rows(folder / "corpus.jsonl")}
    for row in _rows(folder / "queries.jsonl"):
        passage = corpus[row["passage_id"]]
        yield Pair(
            question=row["text"],
            passage=passage["text"],
            title=passage["title"].replace("_", " "),
            answered=row["answerable"],
            answer=row["answers"][0] if row["answers"] else "",
            source="squad",
            group=passage["title"],
            kind="" if row["answerable"] else "adversarial",
        )


def without_answer(pairs: list[Pair], *, seed: int) -> Iterator[Pair]:
    """Passages of which the sentences with the answer were cut out, for half of the pairs whose answer is known."""
    chance = random.Random(seed)
    for pair in pairs:
        if not pair.answer or chance.random() < 0.5:
            continue
        pieces = [pair.passage[start:end] for start, end in sentences.split(pair.passage)]
        left = [piece for piece in pieces if pair.answer not in piece]
        if left and len(left) < len(pieces):
            yield Pair(
                question=pair.question,
                passage=" ".join(left),
                title=pair.title,
                answered=False,
                source=f"{pair.source}-cut",
                group=pair.group,
                kind="cut",
            )


def xquad(folder: Path) -> Iterator[Pair]:
    """XQuAD's English questions, all of which their paragraph answers."""
    corpus = {row["_id"]: row["text"] for row in _rows(folder / "corpus.jsonl")}
    asked = {row["_id"]: row for row in _rows(folder / "queries.jsonl")}
    for query, documents in _judged(folder).items():
        text, row = corpus[documents[0]], asked[query]
        yield Pair(
            question=row["text"],
            passage=text,
            answered=True,
            answer=row["answer"],
            source="xquad",
            group=text[:40],
        )


def stackfaq(folder: Path) -> Iterator[Pair]:
    """StackFAQ's paraphrases with two of the answers of their thread; `group` is the thread."""
    corpus = {row["_id"]: row for row in _rows(folder / "corpus.jsonl")}
    asked = {row["_id"]: row for row in _rows(folder / "queries.jsonl")}
    for query, documents in _judged(folder).items():
        for document in documents[:2]:
            yield Pair(
                question=asked[query]["text"],
                passage=corpus[document]["text"],
                title=corpus[document]["title"],
                answered=True,
                source="stackfaq",
                group=f"thread {asked[query]['thread']}",
            )


def _judged(folder: Path) -> dict[str, list[str]]:
    """Return the relevant documents of each query."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in (folder / "qrels.tsv").read_text().splitlines():
        query, document, score = line.split("\t")
        if score.strip().isdigit() and int(score) > 0:
            found[query].append(document)
    return found


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in path.read_text().splitlines())
