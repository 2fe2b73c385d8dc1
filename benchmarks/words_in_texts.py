"""Whether item texts that end with the items' keywords and topics rank better.

    python -m training.enrich my/log
    python benchmarks/words_in_texts.py my/log

BM25 over the texts, with the words of the history as its query, is judged on the test
part of the log, as every report judges it: all questions, and those about items that
nobody has met.
"""

import pathlib
from typing import Annotated

import typer

from tfrec.baselines.text_profile import Bm25Profile
from tfrec.config import load_config
from tfrec.evaluation.bootstrap import paired_bootstrap
from tfrec.program import run_program
from tfrec.training.evaluation import judge_one, test_split
from tfrec.training.log import load_run_data
from tfrec.training.resolving import resolved

METRICS = ("ndcg@10", "recall@10")
SPLITS = ("rolling", "cold-items")


def judge(folder, split, words):
    """The `Evaluation` of BM25 on a log."""
    config = load_config(
        overrides=[
            f'data.folder="{folder}"',
            f"data.words_in_texts={str(words).lower()}",
            "data.repeats=never",
            f"evaluation.split={split}",
            "evaluation.max_queries=3000",
        ]
    )
    data = load_run_data(config)
    config = resolved(config, data)
    questions = test_split(config, data.interactions)
    bm25 = Bm25Profile().fit(questions.train, data.dataset.items)
    return judge_one(config, bm25, data, questions)


def main(
    folder: Annotated[pathlib.Path, typer.Argument(help="Folder of an enriched log.")],
):
    """Prints means and paired differences, each split and metric on a line."""
    for split in SPLITS:
        without, with_words = (judge(folder, split, each) for each in (False, True))
        for metric in METRICS:
            found = paired_bootstrap(
                with_words.per_query[metric],
                without.per_query[metric],
                without.user_rows,
                num_samples=1000,
                seed=0,
            )
            low, high = found.interval
            print(
                f"{split}, {metric}: {without.means[metric]:.4f} without words, "
                f"{with_words.means[metric]:.4f} with them; difference "
                f"{found.difference:+.4f} ({low:+.4f} to {high:+.4f}), "
                f"p {found.p:.3f}, {without.num_queries} questions"
            )


if __name__ == "__main__":
    run_program(main)
