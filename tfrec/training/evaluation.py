"""A trained model on the test part of the log, beside the baselines."""

import dataclasses
import logging

import numpy as np

from tfrec.baselines.default import default_baselines
from tfrec.data.split import make_split
from tfrec.evaluation.deletion import Deletions, delete_events
from tfrec.evaluation.evaluate import evaluate
from tfrec.evaluation.interest import InterestEvaluation
from tfrec.evaluation.protocol import describe_protocol
from tfrec.hybrid.explained import HybridExplainer
from tfrec.hybrid.offline_scores import HybridRecommender
from tfrec.threads import one_blas_thread
from tfrec.training.calibration import (
    baseline_probabilities,
    labelled_pairs,
    probabilities,
)

logger = logging.getLogger(__name__)

MOST_DOMAINS = 12  # in a report


@dataclasses.dataclass(frozen=True)
class Judged:
    """How good a model is: its lists, its probabilities and its reasons."""

    evaluations: list  # `Evaluation`s, ours first
    interest: InterestEvaluation
    protocol: dict
    deletions: Deletions  # what scores lose without the events that reasons name


def test_split(config, interactions):
    """The `Split` that a configuration's report is about."""
    how = config.evaluation
    return make_split(
        interactions,
        how.split,
        how.test_fraction,
        allow_repeats=config.data.allow_repeats,
        seed=how.seed,
        max_queries=how.max_queries,
    )


@one_blas_thread()
def judge(config, data, split, model, is_explicit):
    """Judges lists, probabilities and reasons.

    Args:
        config: `Config`.
        data: `RunData`.
        split: `Split` whose `train` the model has learnt from.
        model: trained `HybridModel`.
        is_explicit: what the model was calibrated on, as in `LabelPlan`.

    Returns:
        `Judged`.
    """
    towers, hybrid = model.towers, model.hybrid_scorer()
    seed = config.evaluation.seed
    vectors = towers.texts.items.encoded if towers.text_encoder else None
    ours = HybridRecommender(hybrid)
    evaluations = judge_all(config, ours, data, split, vectors)
    pairs = labelled_pairs(
        data.interactions, split.held_out, seed, towers.allow_repeats, is_explicit
    )
    found = {evaluations[0].name: probabilities(hybrid, pairs)}
    if config.evaluation.baselines:
        found |= baseline_probabilities(towers, split.train, pairs, seed)
    interest = InterestEvaluation(
        pairs.labels, pairs.queries.user_rows, found, is_explicit
    )
    protocol = describe_protocol(split, towers.allow_repeats)
    logger.info("Deleting the events that reasons name.")
    how = {"allow_repeats": towers.allow_repeats, "seed": seed}
    deletions = delete_events(HybridExplainer(hybrid), ours, split.queries, **how)
    return Judged(evaluations, interest, protocol, deletions)


def judge_all(config, recommender, data, split, text_vectors):
    """`Evaluation`s of a fitted recommender, first, and of the baselines.

    Args:
        config: `Config`.
        recommender: fitted `Recommender`.
        data: `RunData`.
        split: `Split`.
        text_vectors: `[num_items, text_dim]` float array for the baselines that
            read texts, or None.
    """
    repeats = config.data.allow_repeats
    evaluations = [judge_one(config, recommender, data, split)]
    if config.evaluation.baselines:
        items = data.dataset.items
        has_times = split.train.has_times
        baselines = default_baselines(items, text_vectors, repeats, has_times)
        count = len(baselines)
        for number in range(1, count + 1):
            baseline = baselines.pop(0)  # what no other one shares is freed
            logger.info("Baseline %d of %d: %s.", number, count, baseline.name)
            baseline.fit(split.train, items)
            evaluations.append(judge_one(config, baseline, data, split))
    return evaluations


def judge_one(config, recommender, data, split):
    """The `Evaluation` of one fitted recommender; arguments as in `judge_all`."""
    return evaluate(
        recommender,
        split,
        allow_repeats=config.data.allow_repeats,
        bootstrap_samples=config.evaluation.bootstrap_samples,
        seed=config.evaluation.seed,
        slices=_by_domain(data.dataset.items, split.queries),
    )


def _by_domain(items, queries):
    """Questions with a true item in each of the largest domains, if there are several.

    Returns:
        Name of the slice -> `[queries]` bool array, none of them empty.
    """
    domains = items.frame["domain"]
    names = domains[domains != ""].value_counts().index[:MOST_DOMAINS]
    if len(names) < 2:
        return {}
    of_targets = domains.to_numpy()[queries.target_rows]
    starts = queries.target_offsets[:-1]
    found = {
        f"domain {name}": np.logical_or.reduceat(of_targets == name, starts)
        for name in names
    }
    return {name: is_in for name, is_in in found.items() if is_in.any()}
