"""Evaluation on labelled cases."""

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from worker.cli.base import as_json_option, main, print_json, progress_bar
from worker.settings import Settings

if TYPE_CHECKING:
    from worker.answering.question import Answerer
    from worker.evaluation.measures import Difference


@main.command("eval")
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--precision",
    type=click.Choice(["int8", "fp32"]),
    help="Precision of the embedding model; by default that of the settings.",
)
@click.option("--whole", is_flag=True, help="Do not cut documents into passages, as in published figures of retrieval.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the results to this file, as JSON."
)
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with plots here, as HTML."
)
@click.option(
    "--gate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Earlier results of --output: exit with 1 when a measure is significantly worse.",
)
@click.option(
    "--compare",
    nargs=2,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Compare two results of --output and print which differences are significant; needs no FOLDER.",
)
@as_json_option
def evaluate(
    folder: Path | None,
    precision: str | None,
    whole: bool,
    output: Path | None,
    report: Path | None,
    gate: Path | None,
    compare: tuple[Path, Path] | None,
    as_json: bool,
) -> None:
    """Evaluate the configured answerer on a FOLDER of labelled cases.

    \b
    What the folder holds decides what is measured:
      corpus.jsonl, queries.jsonl, qrels.tsv   retrieval, answering, grounding; refusal, where
      (or CLINC150's train and val.jsonl)      queries say whether they are `answerable`
      claims.jsonl                             grounding: {"claim", "passage", "supported"}
      escalation.tsv                           escalation: category or `none`, message
      follow_ups.tsv                           rewriting: question, follow-up, title
      DOMAIN.SPLIT.jsonl, articles/DOMAIN/     drafts of a language model, true or with a fault
      reading.SPLIT.jsonl, subjects.…,         messages: what is cut, what subject and body say,
      automatic.SPLIT.jsonl                    what is automatic mail
      dialogues.jsonl, articles/DOMAIN/        follow-ups and changes of topic
      questions.jsonl, articles/DOMAIN/        messages with several questions
      additions.jsonl, with questions.jsonl    the gate: what passes, and what additions change
      long_tickets.jsonl, articles/DOMAIN/     long tickets
      CODE/corpus.jsonl, queries.jsonl, …      one set in several languages: search in each, across
                                               them, and the gate
    """
    from worker.evaluation import report as reports

    if compare is not None:
        before, after = (_results(path) for path in compare)
        _print_differences(reports.differences(before, after), as_json=as_json)
        return
    if folder is None:
        raise click.UsageError("Give a FOLDER, or two files with --compare.")
    results = _measured(folder, precision, whole=whole, quiet=as_json)
    differences = reports.differences(_results(gate), results) if gate is not None else []
    if output is not None:
        output.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n")
    if report is not None:
        try:
            report.write_text(reports.page(results, differences=differences, baseline=str(gate or "")))
        except ImportError:
            raise click.ClickException("Plots need matplotlib: run `pip install answerback[report]`.") from None
    _print_results(results, differences, as_json=as_json)
    if (regression := _regression(differences)) is not None:
        click.secho(f"Regression: {regression}", fg="red", err=True)
        sys.exit(1)


def _regression(differences: Sequence["Difference"]) -> str | None:
    """Return why results may not pass the gate; None when they do."""
    verdicts = {difference.verdict for difference in differences}
    if "worse" in verdicts:
        return "a measure is significantly worse than before."
    if "missing" in verdicts:
        return "a measure of the earlier results is missing; write new ones with --output."
    return None


def _measured(folder: Path, precision: str | None, *, whole: bool, quiet: bool) -> dict[str, Any]:
    from kb.embedding import load
    from worker.answering.check.answer_model import load_answer_judge
    from worker.answering.drafting.extractive import ExtractiveAnswerer
    from worker.answering.questions.gate import Gate
    from worker.caching import CachedEmbedder, MemoryCache
    from worker.evaluation import suites
    from worker.services.commands import build_commands
    from worker.services.common import build_common

    settings = Settings.from_env()
    settings = dataclasses.replace(settings, embedding_precision=precision or settings.embedding_precision)
    loaded = load(
        settings.embedding_folder, precision=settings.embedding_precision, overrides=settings.embedding_overrides
    )
    embedder = CachedEmbedder(loaded, MemoryCache("vectors", limit=50_000))
    extractive = settings.chosen_answerer == "extractive"
    answerer: Answerer = (
        ExtractiveAnswerer(embedder, judge=load_answer_judge(), min_confidence=settings.min_confidence)
        if extractive
        else build_commands(build_common(settings)).agent.answerer
    )
    with progress_bar(not quiet, "measuring") as progress:
        setup = suites.Setup(
            embedder=embedder,
            answerer=answerer,
            gate=Gate(coverage=settings.gate_coverage, risk=settings.chosen_gate_risk),
            embedding_folder=settings.embedding_folder,
            whole=whole,
            progress=lambda _what, done, total: progress(done, total),
        )
        results = suites.run(folder, setup)
    about = {
        "folder": folder.name,
        "embedding": embedder.identity,
        "answerer": settings.chosen_answerer,
        "models": ", ".join(settings.models) if not extractive else "none",
        "gate": f"coverage {settings.gate_coverage:g}, risk {settings.chosen_gate_risk:g}",
        "documents": "whole" if whole else "cut into passages",
    }
    return suites.to_json(results, about)


def _results(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
        found["measures"]
    except (ValueError, KeyError, TypeError):
        raise click.ClickException(f"{path} does not hold results of `answerback eval --output`.") from None
    return found


def _print_results(results: dict[str, Any], differences: Sequence["Difference"], *, as_json: bool) -> None:
    if as_json:
        short = {name: {**measure, "items": None} for name, measure in results["measures"].items()}
        changes = [dataclasses.asdict(difference) for difference in differences]
        print_json({**results, "measures": short, "differences": changes})
        return
    for name, measure in results["measures"].items():
        interval = f"[{measure['low']:.4f}, {measure['high']:.4f}]"
        click.echo(f"{name:<62}{measure['value']:>8.4f}  {interval}  {measure['n']:>6}")
    if differences:
        click.echo()
        _print_differences(differences, as_json=False)


def _print_differences(differences: Sequence["Difference"], *, as_json: bool) -> None:
    if as_json:
        print_json([{**dataclasses.asdict(difference), "change": difference.change} for difference in differences])
        return
    for difference in differences:
        colour = {"better": "green", "worse": "red"}.get(difference.verdict)
        interval = f"[{difference.low:+.4f}, {difference.high:+.4f}]"
        values = f"{difference.a:.4f} → {difference.b:.4f}  {difference.change:+.4f} {interval}"
        click.secho(f"{difference.name:<62}{values}  {difference.verdict}", fg=colour)
