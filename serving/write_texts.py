"""Texts for a whole table of recommendations.

    python -m serving.write_texts --recommendations recommendations.parquet \
        --items items.parquet --kind blurb --out texts.parquet

A run that was killed goes on where it was if the same inputs are given again.
"""

import pathlib
import time
from typing import Annotated

from typer import Option

from serving.words.backends import open_model
from serving.words.kinds import OF_PERSON, Kind
from serving.words.settings import read_words
from tfrec.errors import ConfigError
from tfrec.program import run_program, show_log
from tfrec.reasons.sentences import Lang

WRITERS_OF_A_SERVER = 4  # which writes several texts at a time


def write(
    recommendations: Annotated[
        pathlib.Path, Option(help="What batch_score wrote: file or folder.")
    ],
    items: Annotated[
        pathlib.Path, Option(help="Table of item_id, title, text, category.")
    ],
    out: Annotated[pathlib.Path, Option(help="Output: .parquet, .csv or .jsonl file.")],
    kind: Annotated[Kind, Option(help="What the texts are.")] = "blurb",
    lang: Annotated[Lang, Option(help="Language of the texts.")] = "en",
    words: Annotated[
        pathlib.Path | None,
        Option(
            help="TOML file with a section \\[words]: the language model that writes. "
            "Default: templates."
        ),
    ] = None,
    model: Annotated[
        pathlib.Path | None,
        Option(help="Saved model that tells which events carry an item."),
    ] = None,
    events: Annotated[
        pathlib.Path | None, Option(help="Events of the users, for --model.")
    ] = None,
):
    """Writes a text about each recommendation, or with `--kind digest` about each list.

    Columns of the output: query_id, user_id, rank, item_id, kind, lang, text, evidence,
    model, prompt_version, source, fallback. A killed run continues when it is called
    again with the same inputs.
    """
    settings = read_words(words)
    _check_events(kind, model, events)
    # Tables and TensorFlow take seconds to import: not before the flags are right.
    from serving.batch.tables import check_output
    from serving.batch.texts_run import TextsRun
    from serving.words.writer import Writer

    show_log()
    started = time.monotonic()
    out = check_output(out)
    evidence_of = _evidence_of(items, model, events)
    writer = Writer(settings.without_budget(), open_model(settings))
    inputs = [path for path in (items, model, events) if path]
    run = TextsRun(recommendations, out, writer, kind, lang, inputs)
    try:
        served = settings.backend == "openai"
        num_writers = WRITERS_OF_A_SERVER if served else 1
        counts = run.write(evidence_of, settings.deadline_s, num_writers)
    finally:
        writer.close()
    print(f"{out}: {counts.total()} texts in {time.monotonic() - started:.1f} s.")
    for source, count in counts.most_common():
        print(f"  {source}: {count}")


def _check_events(kind, model, events):
    if bool(model) != bool(events):
        raise ConfigError(
            "`--model` and `--events` must come together, because the model tells "
            "which events carry an item."
        )
    if kind in OF_PERSON and not model:
        raise ConfigError(
            f"`--kind {kind}` must come with `--model` and `--events`, because such "
            "texts say what a person did. Give them, or `--kind blurb`."
        )


def _evidence_of(items, model, events):
    from serving.batch.evidence import ExplainedEvidence, ItemEvidence

    of_items = ItemEvidence(items)
    if model is None:
        return of_items
    from tfrec.export.loaded import LoadedModel

    return ExplainedEvidence(of_items, LoadedModel(model), events)


def main():
    """Entry point of `tfrec-write-texts`."""
    run_program(write)


if __name__ == "__main__":
    main()
