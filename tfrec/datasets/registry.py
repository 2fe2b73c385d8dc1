"""Public data sets by name."""

from tfrec.data.log_features import parse_features
from tfrec.feature_columns import FeaturesConfig
from tfrec.plugins import DATASETS


def load_dataset(name, cache=None, features=None):
    """A public data set, downloaded at first use.

    Args:
        name: `"movielens-100k"` (100,000 ratings of films), `"complete-journey"`
            (1.5 M grocery purchases of 2,469 households over a year), or what was
            registered in `tfrec.plugins.DATASETS`.
        cache: folder for downloads; None for `$TFREC_CACHE` or the user's cache.
        features: `FeaturesConfig` of columns that it has, or None.

    Returns:
        `Dataset`.

    Raises:
        ConfigError: the name is unknown.
        DataError: it lacks a column that `features` names.
        DownloadError: it cannot be had; says what was tried.
    """
    return parse_features(DATASETS[name](cache), features or FeaturesConfig())
