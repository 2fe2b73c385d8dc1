"""Whether the model server has the items as their log has them."""

import threading
import time

from serving.gateway.model_client import ModelClient
from tfrec.data.item_changes import ItemChange
from tfrec.export.item_log import ItemLog
from tfrec.protocol.status import RequestError

SETTLE_S = 10  # that a server may take to make a change
MAX_UNSURE = 1000  # items asked for at a time, the latest
SHOWN = 3  # items that words name


class ServedItems:
    """Reads the log on, and asks the server for each item that has changed, once.

    An item that is there has a probability above 0, one that is not has 0: so it holds
    for every server, whether it follows the log or not. Safe for many threads.

    Args:
        log: of the served model; None for a gateway that does not know it.
        model: the model server.
    """

    def __init__(self, log: ItemLog | None, model: ModelClient):
        self._log, self._model = log, model
        self._place = 0
        self._unsure: dict[str, ItemChange] = {}  # the last change of each item
        self._lock = threading.Lock()

    def problem(self) -> str:
        """What people do not get as the log says, `""` if all is well."""
        with self._lock:
            return self._model.items_problem or self._missing()

    def _missing(self):
        if self._log is None or self._model.problem:
            return ""
        try:
            self._read(self._log)
            wrong = self._ask()
        except (OSError, RequestError) as error:
            return f"Whether the items of the log are served is not known: {error}"
        if not wrong:
            return ""
        shown = ", ".join(map(repr, wrong[:SHOWN]))
        return (
            f"Items that are not served as {self._log.path} says, as if the model "
            f"server did not follow it: {len(wrong)} ({shown})."
        )

    def _read(self, log):
        read = log.read(self._place)
        self._place = read.place
        for change in read.changes:
            self._unsure.pop(change.item_id, None)  # the latest comes last
            self._unsure[change.item_id] = change
        for item_id in list(self._unsure)[:-MAX_UNSURE]:
            del self._unsure[item_id]

    def _ask(self):
        """Ids of items that are otherwise than they should be by now."""
        due = time.time() - SETTLE_S
        changes = [each for each in self._unsure.values() if each.time < due]
        if not changes:
            return []
        chances = self._model.score_interest([each.item_id for each in changes])
        wrong = []
        for change, chance in zip(changes, chances, strict=True):
            if (chance > 0) == change.is_removed:
                wrong.append(change.item_id)
            else:
                del self._unsure[change.item_id]
        return wrong
