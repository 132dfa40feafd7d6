"""Questions back to the customer: when the extractive answerer asks one, and the check of every one.

A clarification claims nothing. Its options are names that the passages have, and its question has no word that is
neither the customer's, nor an option's, nor one that questions are asked with; otherwise the desk's own wording stands.
"""

import re
from collections.abc import Sequence

from kb import sentences
from kb.search import Hit
from worker.answering import customer_language
from worker.answering.check import citations, pleasantries
from worker.answering.question import Clarification, Option, Question
from worker.translations import translate

_MIN_OPTIONS = 2
_MAX_OPTIONS = 4
_MAX_LABEL_CHARACTERS = 80
_MAX_QUESTION_CHARACTERS = 200

#: Without a model: the best passages of two articles whose scores differ by at most this are about equally near, and a
#: question with at most so many content words is short. docs/quality.md has the figures.
MAX_SCORE_GAP = 0.03
MAX_CONTENT_WORDS = 4

_LIST_MARK = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)]|[a-z]\))\s+")
_CITATION = re.compile(r"\s*\[(\d{1,3})(?:, ?\d{1,3})*\]")
_CLAIMED = re.compile(r"[.!?…][\"”)]*\s+\S")

#: Words that questions back are asked with, in the languages that the desk answers in.
_ASKING = sentences.content(
    """mean meant want wanted like need help know tell say ask question refer referring about which one following option
    options these looking look trying try interested please choose clarify specify exactly happy sure glad article topic
    case first thing something kind sort part would could regarding concerning concern
    meinen meinst möchten möchtest wollen willst welche welches welcher welchen sie du ihre ihren dein deine oder um
    geht es das die der den dem eine einen ein folgenden bitte genau wissen fragen brauchen hilfe bei von für mit zu und
    voulez vous tu veux parlez parlez de du des la le les un une ou quel quelle quels quelles lequel laquelle question
    suivants options précisément savoir cherchez souhaitez s'agit il est ce que votre ton aide pour à et d'un d'une
    quiere quieres se refiere te refieres a al del el los las una o cuál cuáles qué siguientes opciones desea necesita
    saber sobre su tu ayuda para con y
    vuole vuoi intende intendi quale quali il lo gli di della o seguenti opzioni desidera sapere su suo aiuto per con
    wilt u je bedoelt welke van het een of volgende opties weten uw jouw hulp voor met en gaat om"""
)


def parse(text: str) -> Clarification:
    """Read the clarification that a model wrote: a question, and options each with the number of their passage."""
    asked: list[str] = []
    options: list[Option] = []
    for line in map(citations.normalized, text.strip().splitlines()):
        cited = _CITATION.search(line)
        if cited is not None and (options or _LIST_MARK.match(line)):
            label = _CITATION.sub("", _LIST_MARK.sub("", line)).strip(' *_`"“”.;,:-')
            options.append(Option(label=label, cited=int(cited[1])))
        elif line.strip() and not options:
            asked.append(_CITATION.sub("", line).strip())
    return Clarification(question=" ".join(asked), options=options)


def between_articles(question: Question, hits: Sequence[Hit]) -> Clarification | None:
    """Return the clarification of a short question to which passages of several articles are about equally near."""
    if question.clarified or len(sentences.content(question.content)) > MAX_CONTENT_WORDS or not hits:
        return None
    best = max(hit.score for hit in hits)
    nearest: dict[str, int] = {}  # the first passage of each article
    for number, hit in enumerate(hits, 1):
        if best - hit.score <= MAX_SCORE_GAP:
            nearest.setdefault(hit.record.document_id, number)
    if len(nearest) < _MIN_OPTIONS:
        return None
    options = [Option(label=hits[number - 1].record.title, cited=number) for number in nearest.values()]
    return Clarification(question="", options=options[:_MAX_OPTIONS])


def checked(
    clarification: Clarification, hits: Sequence[Hit], question: Question
) -> tuple[str, tuple[str, ...]] | None:
    """Return the question and the options that may be sent; None unless there are options of two articles or more."""
    labels: dict[str, str] = {}  # label and article
    for option in clarification.options:
        if 1 <= option.cited <= len(hits):
            hit = hits[option.cited - 1]
            labels.setdefault(_label(option.label, hit), hit.record.document_id)
    options = tuple(labels)[:_MAX_OPTIONS]
    if len(options) < _MIN_OPTIONS or len({labels[label] for label in options}) < _MIN_OPTIONS:
        return None
    return _question(clarification.question, options, question), options


def content(asked: str, options: Sequence[str]) -> str:
    """Return a clarification as one text, which is whole where no buttons are shown."""
    return "\n".join((asked, *(f"- {option}" for option in options)))


def _label(label: str, hit: Hit) -> str:
    """Return an option's label if the passage has it; else the title of its article."""
    record = hit.record
    names = sentences.content(" ".join((record.title, *record.headings)))
    words = sentences.words(label)
    quoted = f" {' '.join(words)} " in f" {' '.join(sentences.words(record.text))} "
    is_name = bool(words) and len(label) <= _MAX_LABEL_CHARACTERS and not _CLAIMED.search(label)
    is_known = quoted or (sentences.content(label) <= names and bool(sentences.content(label)))
    return label if is_name and is_known else record.title


def _question(asked: str, options: Sequence[str], question: Question) -> str:
    """Return the model's question without pleasantries if it claims nothing; else the desk's own."""
    parts = [asked[start:end] for start, end in sentences.split(asked)]
    claims = [part for part in parts if not pleasantries.is_pleasantry(part)]
    known = _ASKING | sentences.content(" ".join((question.asked, *options)))
    if len(claims) == 1 and claims[0].rstrip().endswith(("?", "？", "؟")):
        text = claims[0].strip()
        if len(text) <= _MAX_QUESTION_CHARACTERS and sentences.content(text) <= known:
            return text
    return translate("Which of these do you mean?", customer_language.of(question))
