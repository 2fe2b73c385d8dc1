"""Public data sets by name."""

from tfrec.plugins import DATASETS


def load_dataset(name, cache=None):
    """A public data set, downloaded at first use.

    Args:
        name: `"movielens-100k"` (100,000 ratings of films), `"complete-journey"`
            (1.5 M grocery purchases of 2,469 households over a year), or what was
            registered in `tfrec.plugins.DATASETS`.
        cache: folder for downloads; None for `$TFREC_CACHE` or the user's cache.

    Returns:
        `Dataset`.

    Raises:
        ConfigError: the name is unknown.
        DownloadError: it cannot be had; says what was tried.
    """
    return DATASETS[name](cache)
