"""A servable that follows the log of its model's items."""

import logging
import pathlib
import threading
import weakref

from serving.items.log import ItemLog
from serving.servable import Servable
from tfrec.export.fresh_items import FreshItems

logger = logging.getLogger(__name__)

LOOK_S = 0.02  # between two looks at the log
PAUSE_S = 1.0  # after a change that could not be made


def load_live(folder) -> Servable:
    """Loads a version with the items of its model's log, and has it follow the log.

    The log is `items.jsonl` beside the version folders. A version that was saved
    without functions for new items is served as it is.

    Raises:
        ArtefactError: the files are broken or an op library is missing.
    """
    servable = Servable.load(folder)
    if servable.live:
        Follower(servable, ItemLog.of(servable.artefact.folder.parent)).start()
    return servable


def load_with_items(folder, changes) -> Servable:
    """Loads a version with some changes of items made, once and for all.

    A version that was saved without functions for new items is loaded as it is.

    Args:
        folder: a version folder.
        changes: list of `Change`s.

    Raises:
        ArtefactError: the files are broken or an op library is missing.
    """
    servable = Servable.load(folder)
    if servable.live and changes:
        items = FreshItems(servable.live, servable.artefact.folder)
        items.apply(changes)
        servable.answer_by(items.functions())
    return servable


class Follower(threading.Thread):
    """Brings what is appended to a log into a servable, as long as it is in use.

    What the log holds already is in when the constructor returns.

    Args:
        servable: has `live` functions; it is not kept from being let go.
        log: of its model.
    """

    def __init__(self, servable: Servable, log: ItemLog):
        super().__init__(name=f"items of {log.path}", daemon=True)
        self._servable = weakref.ref(servable)
        self._stopped = threading.Event()
        weakref.finalize(servable, self._stopped.set)
        self._log, self._place = log, 0
        self._path = pathlib.Path(servable.artefact.folder)
        self._items = FreshItems(servable.live, self._path)
        # From the start, though there may be no item: warm-up prepares these functions.
        servable.answer_by(self._items.functions())
        self._items.warm_up()
        self._follow()

    def run(self):
        while not self._stopped.wait(LOOK_S):
            try:
                self._follow()
            except Exception:
                logger.exception("%s cannot be followed; trying again.", self._log.path)
                self._stopped.wait(PAUSE_S)

    def _follow(self):
        if self._size() == self._place:
            return
        changes, place = self._log.read(self._place)
        servable = self._servable()
        if changes and servable is not None:
            self._items.apply(changes)
            # One assignment: a request has the items as they were or as they are.
            servable.answer_by(self._items.functions())
            logger.info("%s: %d changes of items.", self._path, len(changes))
        self._place = place  # what failed is read again

    def _size(self):
        try:
            return self._log.path.stat().st_size
        except FileNotFoundError:
            return 0
