"""A servable that follows the log of its model's items."""

import logging
import pathlib
import threading
import weakref

from serving.model_server.item_log_follower import Following
from tfrec.export.fresh_items import FreshItems
from tfrec.export.item_log import ItemLog
from tfrec.export.servable import Servable

logger = logging.getLogger(__name__)

LOOK_S = 0.02  # between two looks at the log
MAX_PAUSE_S = 30.0  # between two attempts to read a log that cannot be read


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

    What the log holds already is in when the constructor returns. A line that is no
    change, and a change that cannot be made, are passed over and counted; only a log
    that cannot be read is tried again. `servable.following` tells how far it is.

    Args:
        servable: has `live` functions; it is not kept from being let go.
        log: of its model.
    """

    def __init__(self, servable: Servable, log: ItemLog):
        super().__init__(name=f"items of {log.path}", daemon=True)
        self._servable = weakref.ref(servable)
        self._stopped = threading.Event()
        weakref.finalize(servable, self._stopped.set)
        self._log, self._place, self._size = log, 0, 0
        self._wait_s = LOOK_S
        self._path = pathlib.Path(servable.artefact.folder)
        self._state = servable.following = Following()
        self._items = FreshItems(servable.live, self._path)
        # From the start, though there may be no item: warm-up prepares these functions.
        servable.answer_by(self._items.functions())
        self._items.warm_up()
        self._look()

    def run(self):
        while not self._stopped.wait(self._wait_s):
            self._look()

    def _look(self):
        try:
            self._follow()
            self._wait_s = LOOK_S
        except Exception as error:  # of reading: a change that fails is passed over
            if self._state.fail(str(error)):
                logger.error(
                    "%s cannot be read and is tried again: %s", self._log.path, error
                )
            self._wait_s = min(2 * self._wait_s, MAX_PAUSE_S)

    def _follow(self):
        size = self._log.size()
        if size == self._size:
            return
        self._state.start()
        read, servable, refused = self._log.read(self._place), self._servable(), []
        if read.changes and servable is not None:
            refused = self._items.apply(read.changes)
            # One assignment: a request has the items as they were or as they are.
            servable.answer_by(self._items.functions())
            num_made = len(read.changes) - len(refused)
            logger.info("%s: %d changes of items are served now.", self._path, num_made)
        self._state.finish(read, refused)
        self._place, self._size = read.place, size
