"""The figures of a card, from lists and probabilities that were judged anyway."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfrec.evaluation.card.beyond_accuracy import beyond_accuracy
from tfrec.evaluation.card.exposure import item_exposure
from tfrec.evaluation.card.fairness import fairness
from tfrec.evaluation.card.groups import user_groups
from tfrec.evaluation.card.ratios import figure_slices
from tfrec.evaluation.card.segments import (
    ORDER,
    calibration_by_segment,
    length_segments,
)
from tfrec.evaluation.card.stability import Lister, stability
from tfrec.evaluation.card.subject import Subject
from tfrec.evaluation.card.threshold import at_threshold
from tfrec.evaluation.card.time_sensitivity import time_sensitivity
from tfrec.evaluation.evaluate import Evaluation, lists_of

METRIC = "ndcg@10"
MOST_SHOWN = 5  # items that the page names
POPULARITY = "popularity"  # name of the baseline that says what is expected


@dataclass(frozen=True, eq=False)
class Examples:
    """Probabilities of interest, the answers, and what they are about.

    Attributes:
        labels: `[n]` bool array.
        probabilities: `[n]` float array, ours.
        user_rows: `[n]` int array.
        item_rows: `[n]` int array.
        history_lengths: `[n]` int array, events.
        threshold: from which probability on the answer is yes.
        source: where the threshold is from, in words.
    """

    labels: np.ndarray
    probabilities: np.ndarray
    user_rows: np.ndarray
    item_rows: np.ndarray
    history_lengths: np.ndarray
    threshold: float = 0.5
    source: str = "the middle of all probabilities"


@dataclass(frozen=True, eq=False)
class CardMaker:
    """Computes the parts of a card.

    Attributes:
        subject: `Subject`.
        evaluations: `Evaluation`s with their lists, ours first.
        samples: of the bootstraps over users.
        seed: of all that is drawn.
    """

    subject: Subject
    evaluations: Sequence[Evaluation]
    samples: int = 1000
    seed: int = 0

    def make(
        self,
        lister: Lister,
        examples: Examples | None = None,
        recipes: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The card, of plain JSON values.

        Args:
            lister: gives our lists of `Queries`.
            examples: of the probabilities, None where none were judged.
            recipes: names of the baselines that weigh a history by a classical recipe.

        Raises:
            ConfigError: the users have no such group column.
        """
        ours, groups = self.evaluations[0], self._groups()
        lists = self._lists()
        popular, drawn = lists[POPULARITY], (self.samples, self.seed)
        card = {
            "beyond_accuracy": beyond_accuracy(self.subject, lists, popular, *drawn),
            "exposure": item_exposure(self.subject, ours.shown, popular, *drawn),
            "fairness": self._fairness(*groups),
            "stability": stability(lister, self.subject.queries, ours.shown, *drawn),
            "history_length": figure_slices(
                self._values(recipes),
                self.subject.queries.user_rows,
                length_segments(self.subject.history_lengths),
                ORDER,
                *drawn,
            ),
            "time": time_sensitivity(self.subject, self._values(recipes), *drawn),
            "lists": list(lists),
            "most_shown": most_shown(self.subject, ours.shown),
        }
        if examples is not None and len(examples.labels):
            card["interest"] = self._interest(examples, groups[0])
        return card

    def _groups(self):
        subject = self.subject
        ids = subject.queries.interactions.user_ids
        return user_groups(subject.users, ids, subject.group_columns)

    def _lists(self):
        """Our lists, those of popularity, and those of the best baseline."""
        ours, *baselines = self.evaluations
        lists = {ours.name: ours.shown}
        known = {each.name: each.shown for each in baselines}
        k = ours.shown.shape[1]
        if POPULARITY in known:
            lists[POPULARITY] = known[POPULARITY]
        else:
            lists[POPULARITY] = popular_lists(self.subject, k)
        if baselines:
            best = max(baselines, key=lambda each: each.means[METRIC])
            lists.setdefault(best.name, best.shown)
        return lists

    def _values(self, recipes):
        known = {each.name: each.per_query[METRIC] for each in self.evaluations}
        names = [self.evaluations[0].name, POPULARITY, *recipes]
        return {name: known[name] for name in names if name in known}

    def _fairness(self, groups, notes):
        queries, ours = self.subject.queries, self.evaluations[0]
        values = ours.per_query[METRIC]
        columns = {
            name: fairness(
                values,
                queries.user_rows,
                of_people[queries.user_rows],
                self.samples,
                self.seed,
            )
            for name, of_people in groups.items()
        }
        return {"metric": METRIC, "columns": columns, "notes": notes}

    def _interest(self, examples, groups):
        segments = {
            "length of history": length_segments(examples.history_lengths),
            "popularity of the item": self.subject.popularity_groups[
                examples.item_rows
            ],
        }
        segments |= {
            f"group {name}": of_people[examples.user_rows]
            for name, of_people in groups.items()
        }
        each = (examples.labels, examples.probabilities)
        whole = {"all": np.full(len(examples.labels), "all examples", object)}
        return {
            "threshold": at_threshold(*each, examples.threshold)
            | {"source": examples.source},
            "segments": calibration_by_segment(
                *each, examples.user_rows, whole | segments, self.seed
            ),
        }


def most_shown(subject: Subject, shown: np.ndarray) -> list[dict[str, Any]]:
    """The items that are in most lists, with titles, and how many people had them.

    Args:
        subject: `Subject`.
        shown: `[queries, k]` int array.
    """
    counts = np.bincount(shown[shown >= 0], minlength=len(subject))
    rows = np.argsort(-counts, kind="stable")[:MOST_SHOWN]
    frame = subject.items.frame.iloc[rows]
    return [
        {
            "item_id": item_id,
            "title": title,
            "lists": float(counts[row] / len(shown)),
            "people": int(subject.counts[row]),
        }
        for row, item_id, title in zip(
            rows, frame["item_id"], frame["title"], strict=True
        )
        if counts[row]
    ]


def popular_lists(subject: Subject, k: int) -> np.ndarray:
    """`[queries, k]` int array: the most popular items that each question may show."""
    ranker = _ByCount(subject.split.train.popularity().astype(np.float32))
    return lists_of(ranker, subject.queries, subject.allow_repeats, k)


@dataclass(frozen=True, eq=False)
class _ByCount:
    """Scores items by their number of events, for every question alike."""

    counts: np.ndarray
    name: str = POPULARITY

    def score(self, queries):
        return np.tile(self.counts, (len(queries), 1))
