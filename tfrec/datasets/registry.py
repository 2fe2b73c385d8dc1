"""Public data sets by name."""

from tfrec.datasets.complete_journey import load_complete_journey
from tfrec.datasets.movielens import load_movielens_100k
from tfrec.errors import ConfigError

DATASETS = {
    "movielens-100k": load_movielens_100k,
    "complete-journey": load_complete_journey,
}


def load_dataset(name, cache=None):
    """A public data set, downloaded at first use.

    Args:
        name: `"movielens-100k"` (100,000 ratings of films) or `"complete-journey"`
            (1.5 M grocery purchases of 2,469 households over a year).
        cache: folder for downloads; None for `$TFREC_CACHE` or the user's cache.

    Returns:
        `Dataset`.

    Raises:
        ConfigError: the name is unknown.
        DownloadError: it cannot be had; says what was tried.
    """
    if name not in DATASETS:
        known = ", ".join(f'"{each}"' for each in DATASETS)
        raise ConfigError(f"`data.dataset` must be one of {known}. Received: {name!r}.")
    return DATASETS[name](cache)
