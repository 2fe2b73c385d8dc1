"""All models of a server: found by name, kept up with their folders, exchanged."""

import gc
import logging
import threading
from collections.abc import Callable

import grpc

from serving.model_server.model_store import ModelSettings, ModelStore, Version
from tfrec.errors import ArtefactError
from tfrec.protocol.status import RequestError, invalid, not_found

logger = logging.getLogger(__name__)


class Models:
    """Model stores by name.

    Args:
        stores: one `ModelStore` per model.
        make_store: settings to the store of a model that is new.
        allows_early_labels: whether a label that is new may name a version that does
            not answer yet.
    """

    def __init__(
        self,
        stores: list[ModelStore],
        make_store: Callable[[ModelSettings], ModelStore] = ModelStore,
        allows_early_labels: bool = False,
    ):
        self._make_store = make_store
        self._allows_early_labels = allows_early_labels
        self._stores = {store.settings.name: store for store in stores}
        self._changing = threading.Lock()  # one thread at a time loads versions

    @property
    def is_available(self) -> bool:
        """Whether some version of every model answers."""
        return all(store.is_available for store in self.stores())

    def stores(self) -> list[ModelStore]:
        """All of them."""
        return list(self._stores.values())

    def store(self, spec) -> ModelStore | None:
        """The store a `ModelSpec` names, None if there is none.

        Raises:
            RequestError: the spec has no name.
        """
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        return self._stores.get(spec.name)

    def get(self, spec) -> Version:
        """The version a `ModelSpec` asks for.

        Raises:
            RequestError: there is none, or it is still loading.
        """
        store = self.store(spec)
        if store is None:
            version = f", {spec.version.value}" if spec.HasField("version") else ""
            kind = "Specific" if version else "Latest"
            raise not_found(
                f"Servable not found for request: {kind}({spec.name}{version})"
            )
        number = spec.version.value if spec.HasField("version") else None
        return store.get(number, spec.version_label)

    def poll(self) -> None:
        """Looks at every folder once; what fails is logged."""
        with self._changing:
            for store in self.stores():
                try:
                    store.poll()
                except Exception:  # the other models must have their turn
                    logger.exception("Polling %s failed.", store.settings.name)

    def replace(self, settings: list[ModelSettings]) -> None:
        """Serves these models from now on, and no others.

        Versions that are loaded stay loaded. What is new is loaded first; if some
        model or label lacks its version then, all stays as it was.

        Raises:
            RequestError: FAILED_PRECONDITION, with what is lacking.
        """
        with self._changing:
            stores = [self._heir(each) for each in settings]
            for store in stores:
                store.poll()
                _check_ready(store)
                self._check_labels(store)
            self._stores = {store.settings.name: store for store in stores}
        gc.collect()  # models that nobody asks for any more hold much memory

    def _heir(self, settings):
        old = self._stores.get(settings.name)
        try:
            return old.heir(settings) if old else self._make_store(settings)
        except (ArtefactError, OSError) as error:
            raise invalid(str(error)) from error

    def _check_labels(self, store):
        name, ready = store.settings.name, _ready(store)
        old = self._stores.get(name)
        used = dict(old.settings.labels) if old else {}
        for label, number in store.settings.labels:
            is_early = self._allows_early_labels and label not in used
            if number not in ready and not is_early:
                raise _not_ready(
                    f"Request to assign label {label} to version {number} of model "
                    f"{name}, which is not currently available for inference"
                )


def _ready(store):
    return {each.number for each in store.statuses() if each.servable}


def _check_ready(store):
    name = store.settings.name
    if not store.settings.wanted(sorted(_ready(store))):
        reasons = "; ".join(each.error for each in store.statuses() if each.error)
        raise _not_ready(
            f"Some models did not become available: {{{name}}}. "
            f"{reasons or 'Its folder holds no version that is wanted.'}"
        )


def _not_ready(message):
    return RequestError(grpc.StatusCode.FAILED_PRECONDITION, message)


class Poller(threading.Thread):
    """Polls until stopped.

    Args:
        poll: called every round, such as `Models.poll`.
        wait_s: seconds between two rounds; 0 polls just once.
        after: called after every round.
    """

    def __init__(
        self, poll: Callable[[], None], wait_s: float, after: Callable[[], None]
    ):
        super().__init__(name="poller", daemon=True)
        self.first_round = threading.Event()
        self._poll, self._wait_s, self._after = poll, wait_s, after
        self._stopped = threading.Event()

    def run(self):
        while not self._stopped.is_set():
            self._poll()
            self._after()
            self.first_round.set()
            if not self._wait_s:
                return
            self._stopped.wait(self._wait_s)

    def stop(self):
        """Ends the thread after the round that is under way."""
        self._stopped.set()
