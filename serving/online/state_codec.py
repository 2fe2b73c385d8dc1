"""A user's state as bytes, the same in every store.

Byte 0 is the format. A new format gets a new number and its decoder stands beside
the old ones: states are read in whatever format they have, and written in the newest
with their next event.

Format 1, little endian: incarnation, version (uint64 each), number of events, of keys
outside (uint32 each); columns of timestamps, sequences (int64), values (float64, NaN
for none), keys (uint64), keys outside (uint64); item ids, then kinds of event, UTF-8,
NUL between any two.
"""

import struct

import numpy as np

from serving.online.state import KeptEvent, UserState
from tfrec.errors import ServingError

FORMAT = 1
HEAD = struct.Struct("<BQQ")  # format, incarnation, version: what a change changes
_COUNTS = struct.Struct("<II")
_COLUMNS = "<i8", "<i8", "<f8", "<u8"


class StateError(ServingError):
    """Stored bytes are no state that this version can read."""


def encode_state(state: UserState) -> bytes:
    """The bytes of a state."""
    timestamps, sequences, item_ids, events, values, keys = (
        zip(*state.events, strict=True) if state.events else [()] * 6
    )
    columns = (timestamps, sequences, values, keys)
    parts = [
        HEAD.pack(FORMAT, state.incarnation, state.version),
        _COUNTS.pack(len(state.events), len(state.outside)),
        *(np.array(c, t).tobytes() for c, t in zip(columns, _COLUMNS, strict=True)),
        np.array(state.outside, "<u8").tobytes(),
        "\0".join((*item_ids, *events)).encode(),
    ]
    return b"".join(parts)


def decode_state(stored: bytes | None) -> UserState:
    """The state in some bytes; None gives a user that nobody knows.

    Raises:
        StateError: the format is unknown here, or the bytes are cut or damaged.
    """
    if stored is None:
        return UserState()
    decode = _DECODERS.get(stored[0]) if stored else None
    if decode is None:
        raise StateError(
            f"A state must be in one of the formats {sorted(_DECODERS)}. Received: "
            f"{stored[:1].hex() or 'nothing'}. A newer version may have written it."
        )
    try:
        return decode(stored)
    except (ValueError, struct.error) as error:
        raise StateError(
            f"A state of {len(stored)} bytes is damaged: {error}."
        ) from error


def _decode_1(stored):
    _, incarnation, version = HEAD.unpack_from(stored)
    num_events, num_outside = _COUNTS.unpack_from(stored, HEAD.size)
    offset = HEAD.size + _COUNTS.size
    columns = []
    for dtype, size in [*((t, num_events) for t in _COLUMNS), ("<u8", num_outside)]:
        columns.append(np.frombuffer(stored, dtype, size, offset).tolist())
        offset += 8 * size
    texts = stored[offset:].decode().split("\0") if num_events else []
    if len(texts) != 2 * num_events:
        raise ValueError(f"{len(texts)} texts for {num_events} events")
    timestamps, sequences, values, keys, outside = columns
    values = [None if value != value else value for value in values]
    rows = (timestamps, sequences, texts[:num_events], texts[num_events:], values, keys)
    events = list(map(KeptEvent._make, zip(*rows, strict=True)))
    return UserState(version, events, outside, incarnation)


_DECODERS = {1: _decode_1}
