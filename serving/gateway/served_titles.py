"""The titles of the version that the model server serves."""

import logging
import pathlib

from serving.gateway.titles import ItemTitles
from tfrec.errors import DataError
from tfrec.export.version_folders import find_versions

logger = logging.getLogger(__name__)

ITEMS_FILE = "assets.extra/items.parquet"  # of a version folder


class ServedTitles:
    """Keeps a catalogue with the served version.

    Args:
        catalogue: what is kept.
        model_folder: folder of the model's integer version folders.
    """

    def __init__(self, catalogue: ItemTitles, model_folder: pathlib.Path):
        self._catalogue = catalogue
        self._folder = model_folder
        self._known = self._warned = 0  # versions

    def follow(self, version: int) -> None:
        """Reads the titles of a version unless they are known.

        Those of before stay while its file is missing or broken, which is said once;
        the next call tries again.
        """
        if version == self._known:
            return
        try:
            absent = self._folder / str(version)
            folder = find_versions(self._folder).get(version, absent)
            self._catalogue.read(folder / ITEMS_FILE)
            self._known = version
        except DataError as error:
            if version != self._warned:
                logger.warning("%s The previous titles stay in use.", error)
            self._warned = version
