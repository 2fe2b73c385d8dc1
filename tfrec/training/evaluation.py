"""A trained model on the test part of the log, beside the baselines."""

import dataclasses
import functools
import logging

import numpy as np

from tfrec.baselines.default import HISTORY_RECIPES, default_baselines
from tfrec.data.split import make_split
from tfrec.evaluation.card.card import CardMaker, Examples
from tfrec.evaluation.card.subject import Subject
from tfrec.evaluation.deletion import Deletions, delete_events
from tfrec.evaluation.evaluate import evaluate, lists_of
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
GIVEN, CHOSEN = "the configuration", "the best F1 on the validation part"


@dataclasses.dataclass(frozen=True)
class Judged:
    """How good a model is: its lists, its probabilities and its reasons."""

    evaluations: list  # `Evaluation`s, ours first
    interest: InterestEvaluation
    protocol: dict
    deletions: Deletions  # what scores lose without the events that reasons name
    card: dict  # what lists and probabilities are like beyond these, plain JSON values


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
def judge(config, data, split, model, choice):
    """Judges lists, probabilities and reasons.

    Args:
        config: `Config`.
        data: `RunData`.
        split: `Split` whose `train` the model has learnt from.
        model: trained `HybridModel`.
        choice: `Choice`, for what the model was calibrated on, and the threshold.

    Returns:
        `Judged`.
    """
    towers, hybrid = model.towers, model.hybrid_scorer()
    seed, is_explicit = config.evaluation.seed, choice.labels.is_explicit
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
    examples = examples_of(config, pairs, interest, choice.threshold)
    card = make_card(config, data, split, ours, evaluations, vectors, examples)
    return Judged(evaluations, interest, protocol, deletions, card)


def examples_of(config, pairs, interest, chosen):
    """The probabilities of the first model, as the card takes them.

    Args:
        config: `Config`.
        pairs: `Pairs` that were asked about.
        interest: `InterestEvaluation` of them.
        chosen: float, the threshold unless the configuration has one.

    Returns:
        `Examples`.
    """
    given, log = config.evaluation.threshold, pairs.queries.interactions
    return Examples(
        labels=np.asarray(pairs.labels, bool),
        probabilities=next(iter(interest.probabilities.values())),
        user_rows=pairs.queries.user_rows,
        item_rows=pairs.queries.target_rows,
        history_lengths=pairs.queries.history_ends
        - log.offsets[pairs.queries.user_rows],
        threshold=given or chosen,
        source=GIVEN if given else CHOSEN,
    )


def make_card(
    config, data, split, recommender, evaluations, text_vectors, examples=None
):
    """The evaluation card of a fitted recommender.

    Args:
        config: `Config`.
        data: `RunData`.
        split: `Split` that was judged.
        recommender: fitted `Ranker`, ours.
        evaluations: `Evaluation`s, ours first.
        text_vectors: `[num_items, dim]` float array, or None.
        examples: `Examples` of its probabilities, or None.

    Returns:
        dict of plain JSON values.
    """
    logger.info("Computing the evaluation card.")
    how, repeats = config.evaluation, config.data.allow_repeats
    tables = (data.dataset.items, data.dataset.users)
    subject = Subject(split, *tables, text_vectors, how.groups, repeats)
    maker = CardMaker(subject, evaluations, how.bootstrap_samples, how.seed)
    k = evaluations[0].shown.shape[1]
    lister = functools.partial(lists_of, recommender, allow_repeats=repeats, k=k)
    return maker.make(lister, examples, HISTORY_RECIPES)


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
