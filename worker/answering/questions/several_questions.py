"""Tell apart the questions of one message and search for each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from kb.search import Found, Hit
from worker.answering.question import Asked, Question
from worker.answering.questions import rewriting
from worker.answering.questions.gate import Gate
from worker.answering.questions.question_splitter import Candidate, split
from worker.answering.questions.rewriting import Search
from worker.conversations.sessions import Turn
from worker.states import Role

#: Questions that are told apart in one message, and passages of each.
MAX_QUESTIONS = 6
_MAX_PASSAGES = 3

#: A part that does not clearly ask counts as a question of its own from this relevance on.
_MIN_RELEVANCE = 0.5

#: A statement counts as a question of its own from this relevance on: people also tell what nobody need answer.
_MIN_RELEVANCE_OF_STATEMENT = 0.97

Find = Callable[[str], Found]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A question of a message, the passages that were found for it, and the relevance of the best, 0 to 1.

    `standalone` and `asks` are those of `Question`.
    """

    query: str
    found: Found
    relevance: float
    standalone: str = ""
    asks: tuple[Asked, ...] = ()


def needs_model(question: Question) -> bool:
    """Whether a model should name the questions: the message leans on earlier turns, or may have several."""
    if question.clarified:  # it is searched for with all that it clarifies
        return False
    candidates = [candidate for candidate in split(question.content) if not candidate.is_statement]
    return rewriting.depends_on_history(question) or len(candidates) > 1


def read(question: Question, named: Sequence[str], find: Find, *, limit: int, gate: Gate) -> Reading:
    """Search for a message, and for each of its questions where it has several on different subjects.

    `named` are the questions as a model names them; without them they are told apart by sentences and by what they
    find. `find` should return more than `limit` passages, the most that are returned for one question.
    """
    if len(named) == 1:
        alone = rewriting.search_alone(named[0], find, limit=limit)
        if gate.admits(alone.relevance, alone.found.scale):
            return _single(alone, standalone=named[0])
    if question.clarified:
        clarified = rewriting.search_clarified(question, find, limit=limit)
        return _single(clarified, standalone=clarified.query)
    if not question.attachments:  # which are searched for the message as a whole
        parts = _of_model(named, find, gate) if len(named) > 1 else []
        parts = parts or _by_search(question, find, gate)
        if parts:
            return _several(parts, gate)
    found = rewriting.search_in_context(question, find, limit=limit)
    if found.relevance < _MIN_RELEVANCE:
        found = _of_its_question(question, found, find, limit=limit)
    return _single(found, standalone=found.query if found.query != question.content else "")


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A question of a message, and what was found for it."""

    text: str
    search: Search
    candidate: Candidate | None = None

    @property
    def document(self) -> str | None:
        """The document of the best passage."""
        return self.search.found.hits[0].record.document_id if self.search.found.hits else None

    def is_relevant(self, gate: Gate) -> bool:
        """Whether what was found passes the gate."""
        return gate.admits(self.search.relevance, self.search.found.scale)


def _of_model(named: Sequence[str], find: Find, gate: Gate) -> list[_Part]:
    """Return the parts that a model named; none when nothing was found for any of them."""
    parts = [
        _Part(text=text, search=rewriting.search_alone(text, find, limit=_MAX_PASSAGES))
        for text in named[:MAX_QUESTIONS]
    ]
    return parts if any(part.is_relevant(gate) for part in parts) else []


def _by_search(question: Question, find: Find, gate: Gate) -> list[_Part]:
    """Return the parts of a message whose best passages are of different documents; none when there are not two."""
    candidates = split(question.content)
    if len(candidates) < 2 or all(candidate.is_statement for candidate in candidates):
        return []
    parts = _merged(list(_searched(question, candidates, find)))
    is_answered = any(part.is_relevant(gate) for part in parts)
    return parts if len(parts) > 1 and is_answered else []


def _of_its_question(question: Question, whole: Search, find: Find, *, limit: int) -> Search:
    """Return the passages for the question in a message, where they are more relevant than those for the whole message.

    What is told around a question draws its vector away. Of a message that asks nothing, each statement may be meant.
    """
    candidates = split(question.content)
    asking = [candidate for candidate in candidates if not candidate.is_statement] or candidates
    texts = dict.fromkeys(text for candidate in asking for text in (candidate.query, candidate.text))
    searches = [
        rewriting.search_in_context(replace(question, content=text), find, limit=limit)
        for text in list(texts)[:MAX_QUESTIONS]
        if text != question.content
    ]
    return max([whole, *searches], key=lambda search: search.relevance)


def _searched(question: Question, candidates: Sequence[Candidate], find: Find) -> Iterator[_Part]:
    """Yield the parts with their passages; each may lean on those before it, as on earlier turns."""
    turns = list(question.turns)
    for candidate in candidates[:MAX_QUESTIONS]:
        asked = replace(question, content=candidate.query, turns=tuple(turns))
        search = rewriting.search_in_context(asked, find, limit=_MAX_PASSAGES)
        yield _Part(text=candidate.text, search=search, candidate=candidate)
        if not candidate.is_statement:
            turns.append(Turn(seq=question.seq, role=Role.CUSTOMER, content=candidate.query))


def _merged(parts: Sequence[_Part]) -> list[_Part]:
    """Join the parts that find the same document, and leave out what surely asks nothing or found nothing."""
    kept: list[_Part] = []
    asked = {part.document for part in parts if part.candidate is not None and not part.candidate.is_statement}
    for part in parts:
        candidate = part.candidate
        if candidate is None:
            continue
        if candidate.is_statement:
            if part.search.relevance < _MIN_RELEVANCE_OF_STATEMENT or part.document in asked:
                continue
        elif part.search.relevance < _MIN_RELEVANCE and not candidate.is_clear:
            continue
        same = next((index for index, other in enumerate(kept) if other.document == part.document), None)
        if same is None and kept and not (candidate.is_clear or candidate.is_statement):
            # "and how long does it take?" goes on with the question before where its document may answer it.
            found = {hit.record.document_id for hit in part.search.found.hits}
            same = len(kept) - 1 if kept[-1].document in found else None
        if same is None:
            kept.append(part)
        else:
            kept[same] = _joined(kept[same], part)
    return kept


def _joined(first: _Part, second: _Part) -> _Part:
    """Return two parts as one, with the passages of the more relevant one."""
    better = max(first, second, key=lambda part: part.search.relevance)
    queries = dict.fromkeys((first.search.query, second.search.query))
    query = second.search.query if first.search.query in second.search.query else " ".join(queries)
    return replace(first, text=f"{first.text} {second.text}", search=replace(better.search, query=query))


def _single(search: Search, *, standalone: str) -> Reading:
    return Reading(query=search.query, found=search.found, relevance=search.relevance, standalone=standalone)


def _several(parts: Sequence[_Part], gate: Gate) -> Reading:
    """Return the passages of all parts, each once, in the order of the questions."""
    hits: dict[str, Hit] = {}
    for part in parts:
        hits |= {hit.record.passage_id: hit for hit in part.search.found.hits if hit.record.passage_id not in hits}
    asks = tuple(
        Asked(
            text=part.text,
            query=part.search.query,
            passages=tuple(hit.record.passage_id for hit in part.search.found.hits),
            is_relevant=part.is_relevant(gate),
        )
        for part in parts
    )
    found = next((part.search.found for part in parts if part.search.found.snapshot), parts[0].search.found)
    return Reading(
        query=" / ".join(part.search.query for part in parts),
        found=replace(found, hits=tuple(hits.values())),
        relevance=max(part.search.relevance for part in parts),
        asks=asks,
    )
