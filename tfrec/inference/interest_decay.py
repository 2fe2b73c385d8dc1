"""What becomes of an online interest vector between events, and what is asked with it.

An interest vector begins as the user's long-term vector, takes a step with each event
(`interest_update`), and goes back towards the long-term vector between events. It is
plain NumPy: those who keep vectors need no TensorFlow.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, kw_only=True)
class InterestSettings:
    """How interest vectors follow events.

    Example:
        >>> settings = InterestSettings(half_life_s=60.0, half_life_events=2.0)
        >>> settings.remaining(60.0, events=2)
        0.25
    """

    learning_rate: float = 1.0  # size of a step
    half_life_s: float = 3600.0  # in which half of what was learnt online fades
    half_life_events: float = 3.0  # the same, in events that came after
    long_term_share: float = 0.3  # weight of the long-term vector in `query_vector`

    def remaining(self, seconds, events=0):
        """The share of what was learnt online that is left.

        Args:
            seconds: float or float array, at least 0.
            events: int, how many came in that time.
        """
        return 0.5 ** (seconds / self.half_life_s + events / self.half_life_events)

    def decayed(self, interest, long_term, seconds, events=0):
        """An interest vector some time later.

        Args:
            interest: `[..., dim]` float array.
            long_term: `[..., dim]` float array.
            seconds: `[...]` float array or float, at least 0.
            events: int, how many came in that time.

        Returns:
            `[..., dim]` float32 array.
        """
        left = np.asarray(self.remaining(seconds, events))[..., None]
        return (long_term + left * (interest - long_term)).astype(np.float32)

    def query_vector(self, interest, long_term):
        """The vector that recommendations are made with; arguments as in `decayed`.

        What was learnt online counts in full, the long-term vector with its share.
        """
        online = interest - long_term
        return (self.long_term_share * long_term + online).astype(np.float32)
