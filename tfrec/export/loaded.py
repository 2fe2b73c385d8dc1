"""A saved model in this process: the same answers without the code that trained it."""

import functools
import pathlib

import numpy as np

from tfrec.client.item_table import read_item_table
from tfrec.client.predictor import Predictor
from tfrec.export.servable import Servable
from tfrec.protocol.signature import Signature


class LoadedModel(Predictor):
    """A saved model, asked as if it were behind a server.

    Args:
        folder: a version folder, or a model's folder: then its newest version.

    Attributes:
        folder: of the version.
        manifest: dict, `assets.extra/manifest.json`.

    Raises:
        ArtefactError: there is no saved model, or it does not load here.
    """

    def __init__(self, folder: str | pathlib.Path):
        self._servable = Servable.load(folder)
        self.folder = self._servable.artefact.folder
        self.manifest = self._servable.artefact.manifest

    @functools.cached_property
    def titles(self) -> dict[str, str]:
        """Item id to title, of the items that the model was saved with."""
        table = read_item_table(self.folder / "assets.extra" / "items.parquet")
        return dict(zip(table["item_id"], table["title"], strict=True))

    def metadata(self) -> dict[str, Signature]:
        return self._servable.artefact.signatures

    def predict(self, signature: str, inputs: dict) -> dict[str, np.ndarray]:
        return self._servable.run(signature, inputs)


def load(folder: str | pathlib.Path) -> LoadedModel:
    """Loads a saved model; see `LoadedModel`.

    Example:
        >>> import tfrec
        >>> model = tfrec.load("saved_models/movielens")  # doctest: +SKIP
        >>> model.recommend([["50", "172"]], k=3)  # doctest: +SKIP
    """
    return LoadedModel(folder)
