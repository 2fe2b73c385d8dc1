"""What the benchmarks of the gateway share: a served model, events, a connection."""

import contextlib
import json
import pathlib
import sys
import time
from typing import NamedTuple

# The tests' toy and processes serve here as well.
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from serving.user_states.events import Event
from tests.serving.online.gateway_process import GatewayProcess
from tests.serving.server_process import serving
from tests.serving.toy_artefact import ITEM_IDS, write_toy

START = 1_700_000_000  # seconds


class Deployed(NamedTuple):
    """A gateway in front of a model server, each its own process."""

    gateway: GatewayProcess
    target: str  # of the model server
    model_name: str
    store: str  # URL
    item_ids: list[str]


@contextlib.contextmanager
def deployed(model, folder, *server_flags):
    """A `Deployed` for the length of a block.

    Args:
        model: folder of version folders, or None for a toy of six items.
        folder: where states go, and the toy.
        server_flags: further ones of the model server.
    """
    item_ids = items_of(model) if model else ITEM_IDS
    model = (model or write_toy(folder / "toy").parent).resolve()
    store = f"sqlite:///{folder}/gateway.db"
    base = f"--model_base_path={model}"
    with serving(f"--model_name={model.name}", base, *server_flags) as server:
        flags = ("--target", server.target, "--model", model.name, "--store", store)
        gateway = GatewayProcess(*flags)
        try:
            yield Deployed(gateway, server.target, model.name, store, item_ids)
        finally:
            gateway.stop()


def event(user_id, second, item_id=None):
    """An `Event`, that number of seconds after the first."""
    item_id = item_id or f"item-{second}"
    return Event(user_id=user_id, item_id=item_id, timestamp=START + second)


def timed_ms(call, *arguments):
    """Milliseconds that a call takes."""
    started = time.perf_counter()
    call(*arguments)
    return 1e3 * (time.perf_counter() - started)


def ask(connection, method, path, body=None):
    """The parsed answer of a gateway over a connection that stays open."""
    connection.request(method, path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = json.loads(response.read())
    assert response.status < 300, answer
    return answer


def items_of(model):
    """Ids of the items of a served model."""
    from pyarrow import parquet

    from tfrec.export.version_folders import version_folder

    items = version_folder(model) / "assets.extra" / "items.parquet"
    return parquet.read_table(items)["item_id"].to_pylist()
