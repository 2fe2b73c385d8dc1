"""What the parts of an embedding count, of items that are known and of new ones."""

import dataclasses

import numpy as np

from tfrec.linear.repeat_consumption import HALF_LIVES


@dataclasses.dataclass(frozen=True, kw_only=True)
class Weighting:
    """What turns the parts into one score, and the score into a probability.

    The score of an item is the logit of a calibrated probability of interest; the
    interest head's opinion is added for the probability that is reported.
    """

    blocks: np.ndarray  # [num_blocks + 1] float, the neural block first
    new_blocks: np.ndarray | None = None  # the same of new items; None = as `blocks`
    own: tuple = (0.0,) * len(HALF_LIVES)  # of an item's own past; see own_items
    bias: float = 0.0  # added to every score
    new_level: float = 0.0  # added to the scores of new items, for other weights
    exposure: float = 0.0  # added to them as well, but a probability does not hear it
    head_slope: float = 0.0  # of the head's logit in the reported probability
    opinion_slope: float = 0.0  # of the opinion block's logit in it
    score_slope: float = 1.0  # of the score in the reported probability
    intercept: float = 0.0  # of the reported probability

    @property
    def both(self):
        """`[2, num_blocks + 1]`: of known items, of new items."""
        new = self.blocks if self.new_blocks is None else self.new_blocks
        return np.stack([self.blocks, new])

    @property
    def asked(self):
        """`[num_blocks + 1]`: weights of the query's side, the larger of both."""
        return self.both.max(axis=0)

    @property
    def shares(self):
        """`[2, num_blocks + 1]`: what is left of them to the candidates' side."""
        both = self.both
        return np.divide(both, self.asked, np.ones_like(both), where=self.asked != 0)

    def without_useless(self):
        """A weighting of the blocks that count at all."""
        return self.with_blocks(self.both[:, self.asked != 0])

    def times(self, slope):
        """A weighting whose scores are those of this one, times a number."""
        return dataclasses.replace(
            self.with_blocks(self.both * slope),
            own=tuple(weight * slope for weight in self.own),
            bias=self.bias * slope,
            new_level=self.new_level * slope,
            exposure=self.exposure * slope,
        )

    def with_blocks(self, both):
        """The same with other weights of blocks, `[2, n]` as in `both`."""
        return dataclasses.replace(self, blocks=both[0], new_blocks=both[1])
