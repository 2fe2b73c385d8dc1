"""tfrec: a text-native two-tower recommender for TensorFlow.

The names below are imported when first used, so that `import tfrec` is quick; what
writes the saved model is `tfrec.export.saved_model.export`. TensorFlow's notes that
nobody can act on are left out (`tfrec.quiet`).
"""

import importlib

from tfrec.quiet import ask_for_silence

ask_for_silence()

_HOMES = {
    "Recommender": "tfrec.recommender",
    "Client": "tfrec.client.client",
    "Config": "tfrec.config",
    "load_config": "tfrec.config",
    "load_dataset": "tfrec.datasets.registry",
    "read_folder": "tfrec.data.readers",
    "FeedbackRules": "tfrec.data.feedback",
    "encode": "tfrec.data.interactions",
    "make_split": "tfrec.data.split",
    "training_windows": "tfrec.data.windows",
    "make_text_encoder": "tfrec.text.factory",
    "TwoTower": "tfrec.towers.two_tower",
    "HybridModel": "tfrec.hybrid.hybrid_model",
    "evaluate": "tfrec.evaluation.evaluate",
    "load": "tfrec.export.loaded",
}
__all__ = sorted(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module `tfrec` has no attribute `{name}`")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__():
    return __all__
