"""How often an experiment without a difference looks like one with it.

    python -m benchmarks.peeking

Claim: whoever looks at every report and stops at the first p below 0.05 errs in at
most 5 % of the experiments with the p for all looks, and in about a fifth to a third
with the p for one look.
"""

import numpy as np

from tfrec.evaluation.ratios import ratio_of_sums
from tfrec.experiments.differences import difference_of

PEOPLE = 1000  # in each arm


def arriving(rng, looks=20, rate=0.1, effect=0.0):
    """Pairs of arms at each look: people arrive and see all their lists at once.

    An arm is `(clicks, lists)`, both `[people]`. People differ from each other.
    """
    arms = []
    for change in (effect, 0.0):
        rates = rng.beta(2, 2 / rate - 2, PEOPLE) + change
        lists = rng.integers(1, 6, PEOPLE)
        arms.append((rng.binomial(lists, rates), lists))
    return _growing(arms, looks)


def returning(rng, looks=20):
    """Likewise, of people who are all there from the start and come again."""
    arms = []
    for _ in range(2):
        lists = rng.integers(1, 4, (looks, PEOPLE))
        clicks = rng.binomial(lists, rng.beta(2, 18, PEOPLE))
        arms.append((clicks.cumsum(axis=0), lists.cumsum(axis=0)))
    for look in range(looks):
        yield [(clicks[look], lists[look]) for clicks, lists in arms]


def buying(rng, looks=100):
    """Likewise, of people of whom one in ten buys, for log-normal amounts."""
    arms = []
    for _ in range(2):
        amounts = rng.lognormal(3, 1, PEOPLE)
        spent = np.where(rng.random(PEOPLE) < 0.1, amounts, 0.0)
        arms.append((spent, np.ones(PEOPLE)))
    return _growing(arms, looks)


def _growing(arms, looks):
    for look in range(1, looks + 1):
        size = PEOPLE * look // looks
        yield [(sums[:size], counts[:size]) for sums, counts in arms]


def ever_significant(pairs):
    """Whether p for all looks, and p for one, was ever below 0.05.

    Args:
        pairs: arms at each look, as `arriving` gives them.
    """
    found = [difference_of(*(ratio_of_sums(*arm) for arm in arms)) for arms in pairs]
    always = [each.always_valid_p for each in found]
    once = [each.p for each in found]
    return _falls(always), _falls(once)


def _falls(values):
    return any(p is not None and p < 0.05 for p in values)


CASES = {
    "arrive one after the other, 20 looks": (arriving, {}, 2000),
    "come again before each look, 20 looks": (returning, {}, 1000),
    "arrive, 1 % clicks, 100 looks": (arriving, {"rate": 0.01, "looks": 100}, 400),
    "arrive, one in ten buys, 100 looks": (buying, {}, 400),
}


def main():
    """Prints a line for each case."""
    rng = np.random.default_rng(0)
    for name, (people, options, count) in CASES.items():
        runs = [ever_significant(people(rng, **options)) for _ in range(count)]
        always, once = np.mean(runs, axis=0)
        print(f"{name}: at all times {always:.4f}, one look {once:.3f} of {count:,}")


if __name__ == "__main__":
    main()
