"""Read the labelled public sets that the support model learns from.

Sets on GitHub are read from bare clones, `<mirror>/<owner>+<name>/repo`, at whatever commit is there; README.md lists
commits and licences. A set that is missing is left out, and the dataset's summary shows it.
"""

import csv
import difflib
import io
import json
import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from kb import sentences


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A premise, a claim, whether the premise supports it, and where the pair is from.

    Attributes:
        question: what the claim answers, if anything is known of it.
        twin: a supported claim that differs from an unsupported one in a few words; they are where the fault is.
    """

    premise: str
    claim: str
    supported: bool
    source: str
    question: str = ""
    twin: str = ""


def write(path: Path, pairs: list[Pair]) -> None:
    """Write pairs as JSON lines."""
    path.write_text("".join(json.dumps(asdict(pair), ensure_ascii=False) + "\n" for pair in pairs))


def read(path: Path) -> list[Pair]:
    """Read pairs that `write` wrote."""
    return [Pair(**json.loads(line)) for line in path.read_text().splitlines()]


def labelled(path: Path) -> list[Pair]:
    """Read a file of {premise, claim, label, source}, whose label is supported, contradicted or neither."""
    rows = (json.loads(line) for line in path.read_text().splitlines())
    return [
        Pair(premise=row["premise"], claim=row["claim"], supported=row["label"] == "supported", source=row["source"])
        for row in rows
    ]


def mirrored(mirror: Path, repository: str, path: str) -> str:
    """Return a file of a bare clone, or an empty string when it is not there."""
    folder = mirror / repository.replace("/", "+") / "repo"
    shown = subprocess.run(
        ["git", f"--git-dir={folder}", "show", f"HEAD:{path}"],
        capture_output=True,
        check=False,
    )
    return shown.stdout.decode("utf-8", "replace") if shown.returncode == 0 else ""


def listed(mirror: Path, repository: str, under: str) -> list[str]:
    """Return the paths of a bare clone's files under a folder, sorted."""
    folder = mirror / repository.replace("/", "+") / "repo"
    found = subprocess.run(
        ["git", f"--git-dir={folder}", "ls-tree", "-r", "--name-only", "HEAD", under],
        capture_output=True,
        check=False,
        text=True,
    )
    return sorted(found.stdout.splitlines())


def begin(mirror: Path) -> Iterator[Pair]:
    """BEGIN on Wizard of Wikipedia and CMU-DoG; Topical-Chat is what is reported on, and stays out."""
    for source, path in (
        ("begin-wow", "wow/begin_dev_wow.tsv"),
        ("begin-wow", "wow/begin_test_wow.tsv"),
        ("begin-cmu", "cmu-dog/begin_dev_cmu.tsv"),
    ):
        for line in mirrored(mirror, "google/BEGIN-dataset", path).splitlines()[1:]:
            cells = line.split("\t")
            if len(cells) >= 6:
                yield Pair(premise=cells[2], claim=cells[4], supported=cells[-1] == "Fully attributable", source=source)


def faithdial(mirror: Path) -> Iterator[Pair]:
    """FaithDial's audit of people's and models' responses, on Wizard of Wikipedia and CMU-DoG."""
    files = [f"gold/{name}.csv" for name in ("wow", "cmu")]
    files += [f"CTRL/ctrl_processed_{name}.csv" for name in ("wow", "cmu")]
    files += [f"DoHA/doha_processed_{name}.csv" for name in ("wow", "cmu")]
    files += [f"GPT2/gpt2_processed_{name}.csv" for name in ("wow", "cmu")]
    for path in files:
        for row in _rows(mirrored(mirror, "McGill-NLP/FaithDial", f"data-audit/{path}")):
            label = (row.get("BEGIN") or row.get("begin_label") or "").lower()
            claim = row.get("response") or row.get("ctrl") or row.get("doha") or row.get("gpt2") or ""
            premise = row.get("evidence") or row.get("knowledge") or ""
            if not label or "uncooperative" in label:
                continue  # what an uncooperative response says is labelled by tone, not by support
            yield Pair(premise=premise, claim=claim, supported=label.strip() == "entailment", source="faithdial")


def factual_dialogs(mirror: Path) -> Iterator[Pair]:
    """Amazon's judgements of GPT-2's responses to Wizard of Wikipedia."""
    repository = "alexa/factual-consistency-analysis-of-dialogs"
    for path in ("factual_dataset_expert.csv", *(f"factual_dataset_crowd/{name}.csv" for name in ("gt", "dpr", "knn"))):
        for row in _rows(mirrored(mirror, repository, f"human_annotations/{path}")):
            correct = float(row["Avg Factual Correctness"] or 0)
            if row["Verifiable"] == "y" and row["Hallucination"] == "No" and correct > 0.9:
                supported = True
            elif row["Hallucination"] == "Yes" or (row["Verifiable"] == "y" and correct < 0.6):
                supported = False
            else:
                continue
            yield Pair(premise=row["knowledge"], claim=row["response"], supported=supported, source="factual-dialogs")


def q_squared(mirror: Path) -> Iterator[Pair]:
    """Q2's judgements of two systems' responses to Wizard of Wikipedia."""
    for system in ("dodeca", "memnet"):
        for kind in ("consistent", "inconsistent"):
            path = f"third_party/data/{system}_{kind}.csv"
            for row in _rows(mirrored(mirror, "orhonovich/q-squared", path)):
                yield Pair(
                    premise=row["knowledge"], claim=row["response"], supported=kind == "consistent", source="q-squared"
                )


def fool_me_twice(mirror: Path) -> Iterator[Pair]:
    """Fool Me Twice's second split; the first is among the labelled pairs already."""
    for line in mirrored(mirror, "google-research/fool-me-twice", "dataset/test.jsonl").splitlines():
        row = json.loads(line)
        premise = " ".join(evidence["text"] for evidence in row["gold_evidence"])
        yield Pair(premise=premise, claim=row["text"], supported=row["label"] == "SUPPORTS", source="fool-me-twice")


def fever_symmetric(mirror: Path) -> Iterator[Pair]:
    """FEVER-symmetric's second split; the first is among the labelled pairs already."""
    path = "symmetric_v0.2/fever_symmetric_test.jsonl"
    for line in mirrored(mirror, "TalSchuster/FeverSymmetric", path).splitlines():
        row = json.loads(line)
        supported = row["label"] == "SUPPORTS"
        yield Pair(premise=row["evidence"], claim=row["claim"], supported=supported, source="fever-symmetric")


def wiki_split(mirror: Path, *, seed: int = 0) -> Iterator[Pair]:
    """WikiSplit's sentences and their halves: a half follows from the whole, the whole does not from a half."""
    chance = random.Random(seed)
    for line in mirrored(mirror, "google-research-datasets/wiki-split", "tune.tsv").splitlines():
        whole, _, halves = line.replace(" ''", "").replace("'' ", "").partition("\t")
        parts = [part.strip() for part in halves.split("<::::>")]
        if len(parts) != 2 or min(len(part.split()) for part in parts) < 6:
            continue
        both, drawn = " ".join(parts), chance.random()
        place = chance.randrange(2)
        if drawn < 0.25:
            yield Pair(premise=whole, claim=parts[place], supported=True, source="wiki-split")
        elif drawn < 0.5:
            yield Pair(premise=both, claim=whole, supported=True, source="wiki-split")
        elif drawn < 0.9:
            yield Pair(premise=parts[place], claim=whole, supported=False, source="wiki-split")
        else:
            yield Pair(premise=parts[place], claim=parts[1 - place], supported=False, source="wiki-split")


def wice_tokens(mirror: Path) -> Iterator[Pair]:
    """WiCE's train split of partly supported claims; where the unsupported words end the claim, also without them."""
    text = mirrored(mirror, "ryokamoi/wice", "data/non_supported_tokens/train.jsonl")
    for row in map(json.loads, text.splitlines()):
        chosen = row["supporting_sentences"]
        if not chosen or not chosen[0]:
            continue
        premise = " ".join(row["evidence"][place] for place in chosen[0])
        yield Pair(premise=premise, claim=row["claim"], supported=False, source="wice-train")
        spans, tokens = row["non_supported_spans"], row["claim_tokens"]
        first = spans.index(True) if True in spans else 0
        if first >= 5 and all(spans[first:-1]) and tokens[-1] == ".":
            yield Pair(premise=premise, claim=_joined(tokens[:first]), supported=True, source="wice-train")


def written(folder: Path) -> Iterator[Pair]:
    """Read the sentences about help-centre passages that were written for this model (`written/README.md`)."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            premise = "\n".join(
                f"{' > '.join(filter(None, (part['title'], part['heading'])))}.\n{part['text']}"
                for part in row["passages"]
            )
            right = [claim for item in row["items"] for claim in item["true"]]
            for item in row["items"]:
                common = {"premise": premise, "question": item["q"], "source": f"written-{path.stem}"}
                for claim in item["true"]:
                    yield Pair(claim=claim, supported=True, **common)
                for claim, _kind in item["false"]:
                    yield Pair(claim=claim, supported=False, twin=_twin(claim, right), **common)


def summedits(mirror: Path) -> Iterator[Pair]:
    """SummEdits: the sentences of summaries that a language model edited, with and without a change of facts."""
    repository = "salesforce/factualNLG"
    for path in listed(mirror, repository, "data/summedits/"):
        for row in json.loads(mirrored(mirror, repository, path) or "[]"):
            supported = row["label"] in (1, "1")
            before = [row["original_summary"][slice(*span)] for span in sentences.split(row["original_summary"])]
            after = [row["summary"][slice(*span)] for span in sentences.split(row["summary"])]
            for claim in after:
                if claim not in before:
                    twin = "" if supported else _twin(claim, before)
                    yield Pair(premise=row["doc"], claim=claim, supported=supported, twin=twin, source="summedits")


def _twin(claim: str, others: list[str]) -> str:
    """Return the most similar of other claims, if at least three words in five are the same."""
    words = claim.split()
    ratios = [(difflib.SequenceMatcher(None, words, other.split(), autojunk=False).ratio(), other) for other in others]
    best, twin = max(ratios, default=(0.0, ""))
    return twin if best >= 0.6 else ""


def squad(folder: Path, *, seed: int = 0) -> Iterator[Pair]:
    """SQuAD 2's questions as statements: with their answer, with another answer of the passage, or unanswerable."""
    chance = random.Random(seed)
    texts = {row["_id"]: row["text"] for row in map(json.loads, (folder / "corpus.jsonl").read_text().splitlines())}
    rows = [json.loads(line) for line in (folder / "queries.jsonl").read_text().splitlines()]
    answers: dict[str, list[str]] = {}
    for row in rows:
        answers.setdefault(row["passage_id"], []).extend(row["answers"][:1])
    for row in rows:
        premise, known = texts[row["passage_id"]], answers[row["passage_id"]]
        own = row["answers"][0] if row["answers"] else ""
        kind = answer_kind(own) if own else question_kind(row["text"])
        others = [one for one in known if answer_kind(one) == kind and not _overlaps(one, row["answers"])]
        for answer, supported in ((own, True), (chance.choice(others) if others else "", False)):
            claim = statement(row["text"], answer) if answer else None
            if claim is not None and (supported or not row["answerable"] or chance.random() < 0.6):
                yield Pair(premise=premise, claim=claim, supported=supported, source="squad")


_AUXILIARIES = frozenset("is are was were did does do has have had can could will would must".split())
_SUBJECT = re.compile(r"^(?:who|what|which(?: [a-z]+)?) (?P<rest>[a-z]+(?:ed|es|ves|ns|ts|ls|rs|ks) .*)$")
_COPULA = re.compile(r"^(?:who|what) (?P<verb>is|are|was|were) (?P<rest>(?:the|an?) [^,]{3,60}[a-z0-9])$")


def statement(question: str, answer: str) -> str | None:
    """Return a question and its answer as one statement; as both, where no rule turns it well."""
    text = " ".join(question.split())
    if not text or len(answer.split()) > 12:
        return None
    answer = answer.rstrip(".")
    plain = text.rstrip("?")
    plain = plain[0].lower() + plain[1:]
    subject = _SUBJECT.match(plain)
    if subject is not None and subject["rest"].split()[0] not in _AUXILIARIES:
        return f"{_upper(answer)} {subject['rest']}."
    copula = _COPULA.match(plain)
    if copula is not None:
        return f"{_upper(copula['rest'])} {copula['verb']} {answer}."
    return f"{text.rstrip('?')}? {_upper(answer)}."


def question_kind(question: str) -> str:
    """Return the kind of answer that a question asks for."""
    begin = question.lower()
    if begin.startswith(("how many", "how much", "when", "in what year", "what year")):
        return "number"
    return "name" if begin.startswith(("who", "where", "which")) else "phrase"


def answer_kind(answer: str) -> str:
    """Return the kind of an answer: number, name or phrase."""
    if re.search(r"\d", answer):
        return "number"
    return "name" if answer[:1].isupper() else "phrase"


def _overlaps(answer: str, others: list[str]) -> bool:
    words = set(answer.lower().split())
    return any(words & set(other.lower().split()) for other in others)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _joined(tokens: list[str]) -> str:
    return re.sub(r" ([,.;:'’-])", r"\1", " ".join(tokens)).rstrip(",;- ") + "."


def _rows(text: str) -> Iterator[dict[str, str]]:
    return csv.DictReader(io.StringIO(text))
