"""The versions of one model: found on disk, loaded beside, swapped, let go."""

import gc
import logging
import pathlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum

import grpc

from serving.model_server.item_log_follower import Following
from serving.model_server.memory import resident_bytes, return_freed
from serving.model_server.new_items import load_live
from serving.model_server.reminder import Reminder
from serving.model_server.server_settings import USUAL_LOADING, Loading
from tfrec.errors import ArtefactError
from tfrec.export.copies import check_unchanged, list_files
from tfrec.export.servable import Servable
from tfrec.export.version_folders import (
    find_versions,
    is_version,
    list_versions,
    what_is_wrong,
)
from tfrec.protocol.status import RequestError, invalid, not_found

logger = logging.getLogger(__name__)


class State(IntEnum):
    """Numbers of `ModelVersionStatus.State`."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass
class Version:
    """One version folder: how far it is, and why it was refused."""

    number: int
    state: State = State.START
    servable: Servable | None = None
    error: str = ""
    files: tuple = ()  # what lay there when it was refused
    num_tries: int = 0  # with these files
    tried_at: float = 0.0  # `time.monotonic()` when it was refused
    loaded_at: float = 0.0  # seconds since 1970
    memory: tuple[int, int] = (0, 0)  # bytes of the process before and after

    @property
    def following(self) -> Following | None:
        """How far it is with its model's log of items, if it follows one."""
        return self.servable.following if self.servable else None


@dataclass(frozen=True)
class ModelSettings:
    """One model to serve.

    Attributes:
        name: what requests call it.
        base_path: folder with integer version folders.
        latest: how many of the newest versions to keep, 0 for every version.
        specific: version numbers to serve whatever is newest.
        labels: name to version number.
    """

    name: str
    base_path: pathlib.Path
    latest: int = 1
    specific: tuple[int, ...] = ()
    labels: tuple[tuple[str, int], ...] = ()

    def wanted(self, versions: list[int]) -> list[int]:
        """Those of `versions` (oldest first) that should be served."""
        if self.specific:
            return [version for version in versions if version in self.specific]
        return versions[-self.latest :]


class ModelStore:
    """Keeps the wanted versions of a model ready.

    `poll` looks at the folder once: new versions are loaded beside the old ones
    and warmed up, then old ones are let go. A version that fails is refused with
    its reason and tried again when its files change, and some times as it is; what
    was being served goes on. Requests that hold a servable finish on it, whatever
    `poll` does.

    Args:
        settings: name, folder and version policy.
        load: folder to `Servable`.
        loading: how versions come into use.

    Attributes:
        num_loaded: versions that were loaded so far.
        num_refused: versions that were refused so far.

    Raises:
        ArtefactError: the folder does not exist, or is that of a version.
    """

    def __init__(
        self,
        settings: ModelSettings,
        load: Callable[[pathlib.Path], Servable] = load_live,
        loading: Loading = USUAL_LOADING,
    ):
        if not settings.base_path.is_dir():
            raise ArtefactError(
                f"The base path of {settings.name} must be a folder of integer version "
                f"folders. Received: {settings.base_path}, which does not exist."
            )
        if is_version(settings.base_path):
            raise ArtefactError(f"{settings.name}: {what_is_wrong(settings.base_path)}")
        self.settings = settings
        self._load, self._loading = load, loading
        self._lock = threading.Lock()  # guards `_versions`, never held while loading
        self._versions: dict[int, Version] = {}
        self._folders: dict[int, pathlib.Path] = {}
        self._reminder = Reminder(logger)
        self.num_loaded = self.num_refused = 0

    def heir(self, settings: ModelSettings) -> "ModelStore":
        """A store of other settings that has what is loaded here already."""
        store = ModelStore(settings, self._load, self._loading)
        if settings.base_path == self.settings.base_path:
            with self._lock:
                store._versions = dict(self._versions)
            store.num_loaded, store.num_refused = self.num_loaded, self.num_refused
        return store

    @property
    def is_available(self) -> bool:
        """Whether some version answers."""
        return any(v.state == State.AVAILABLE for v in self.statuses())

    def statuses(self) -> list[Version]:
        """Every version seen so far, oldest first."""
        with self._lock:
            return [self._versions[number] for number in sorted(self._versions)]

    def get(self, version: int | None = None, label: str = "") -> Version:
        """The version that answers a request.

        Args:
            version: its number, or None for the newest that is ready.
            label: its label instead.

        Raises:
            RequestError: NOT_FOUND if there is none, UNAVAILABLE while it loads.
        """
        if label:
            version = self.labelled(label)
        name = self.settings.name
        wanted = (
            f"Latest({name})" if version is None else f"Specific({name}, {version})"
        )
        candidates = [v for v in self.statuses() if version in (None, v.number)]
        ready = [v for v in candidates if v.state == State.AVAILABLE]
        if ready:
            return ready[-1]
        if any(v.state in (State.START, State.LOADING) for v in candidates):
            raise RequestError(
                grpc.StatusCode.UNAVAILABLE,
                f"Servable not yet available for request: {wanted}: it is loading.",
            )
        raise not_found(f"Servable not found for request: {wanted}")

    def labelled(self, label: str) -> int:
        """The version number of a label.

        Raises:
            RequestError: there is no such label.
        """
        labels = dict(self.settings.labels)
        if label not in labels:
            raise invalid(f"Unrecognized servable version label: {label}")
        return labels[label]

    def poll(self) -> None:
        """Brings what is served in line with what lies on disk."""
        self._reminder.say(self._complaint())
        try:
            self._folders = find_versions(self.settings.base_path)
        except OSError:
            return  # that was said; what is served goes on
        wanted = self.settings.wanted(list(self._folders))
        todo = [number for number in wanted if self._is_due(number)]
        for number in todo:  # known before the first is loaded: GetModelStatus
            known = self._versions.get(number, Version(number))
            self._set(replace(known, state=State.START, error=""))
        for number in reversed(todo):  # the newest is what people wait for
            self._try(number)
        self._let_go(wanted)

    def _complaint(self):
        """What keeps versions from being served, `""` for nothing."""
        folder = self.settings.base_path
        words = what_is_wrong(folder)
        if not words and not self.settings.wanted(there := list_versions(folder)):
            words = (
                f"{folder} must hold one of the versions {self.settings.specific}. "
                f"Received: {there}."
            )
        return words and f"{self.settings.name}: {words}"

    def _is_due(self, number):
        known = self._versions.get(number)
        if known is None or (known.state == State.END and not known.error):
            return True
        if not known.error:
            return False
        waited_s = time.monotonic() - known.tried_at
        may_retry = known.num_tries <= self._loading.max_retries
        if may_retry and waited_s >= self._loading.retry_wait_s:
            return True
        return known.files != list_files(self._folders[number])

    def _try(self, number):
        folder, known = self._folders[number], self._versions[number]
        files = list_files(folder)
        self._set(replace(known, state=State.LOADING))
        before = resident_bytes()
        try:
            servable = self._load(folder)
            num_requests = 0
            for _ in range(self._loading.num_warm_ups):
                num_requests = servable.replay_warm_up()
            check_unchanged(folder, files)
            return_freed()  # by loading, and by optimising graphs
        except Exception as error:  # whatever it was, the old version goes on
            logger.error("%s version %d refused: %s", self.settings.name, number, error)
            self.num_refused += 1
            self._set(_refused(known, files, str(error)))
            return
        ready = Version(number, State.AVAILABLE, servable)
        ready.loaded_at, ready.memory = time.time(), (before, resident_bytes())
        logger.info(
            "%s version %d is ready; %d warm-up requests answered; memory %d MB, "
            "before %d MB.",
            *(self.settings.name, number, num_requests),
            *(num_bytes // 2**20 for num_bytes in reversed(ready.memory)),
        )
        self.num_loaded += 1
        self._set(ready)

    def _let_go(self, wanted):
        """Drops what is no longer wanted, if something wanted answers."""
        ready = [v for v in self.statuses() if v.state == State.AVAILABLE]
        if not any(v.number in wanted for v in ready):
            return
        gone = [version.number for version in ready if version.number not in wanted]
        for number in gone:
            logger.info("%s version %d is unloaded.", self.settings.name, number)
            self._set(Version(number, State.END))
        ready.clear()
        if gone:
            gc.collect()  # a loaded graph holds itself in reference cycles

    def _set(self, version):
        with self._lock:
            self._versions[version.number] = version


def _refused(known, files, error):
    return Version(
        known.number,
        State.END,
        error=error,
        files=files,
        num_tries=1 + (known.num_tries if known.files == files else 0),
        tried_at=time.monotonic(),
    )
