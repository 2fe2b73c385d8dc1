"""A user's state as bytes, the same in every store.

Byte 0 is the format. A new format gets a new number and its decoder stands beside
the old ones: states are read in whatever format they have, and written in the newest
with their next event.

Format 1, little endian: incarnation, version (uint64 each), number of events, of keys
outside (uint32 each); columns of timestamps, sequences (int64), values (float64, NaN
for none), keys (uint64), keys outside (uint64); item ids, then kinds of event, UTF-8,
NUL between any two.

Format 2 has, between version and number of events, an interest vector: its size (0 for
none), the number of pending keys (uint32 each), model version, updates (uint64 each),
timestamp (int64), the vector, the long-term vector (float32), pending keys (uint64).

Format 3 has, between the pending keys and the number of events, the texts of events:
their number, their places among the events, their sizes in bytes (uint32), the bytes.
"""

import struct

import numpy as np

from serving.user_states.state import Interest, KeptEvent, UserState
from tfrec.errors import ServingError

FORMAT = 3
HEAD = struct.Struct("<BQQ")  # format, incarnation, version: what a change changes
_COUNTS = struct.Struct("<II")
_COUNT = struct.Struct("<I")
_INTEREST = struct.Struct("<IIQQq")
_COLUMNS = "<i8", "<i8", "<f8", "<u8"


class StateError(ServingError):
    """Stored bytes are no state that this version can read."""


def encode_state(state: UserState) -> bytes:
    """The bytes of a state."""
    timestamps, sequences, item_ids, events, values, keys, texts = (
        zip(*state.events, strict=True) if state.events else [()] * 7
    )
    columns = (timestamps, sequences, values, keys)
    parts = [
        HEAD.pack(FORMAT, state.incarnation, state.version),
        *_interest_parts(state),
        *_text_parts(texts),
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


def _interest_parts(state):
    has = state.interest or _NO_INTEREST
    fields = (has.model_version, has.updates, has.timestamp)
    yield _INTEREST.pack(len(has.vector), len(state.pending), *fields)
    for vector in (has.vector, has.long_term):
        yield np.asarray(vector, "<f4").tobytes()
    yield np.array(state.pending, "<u8").tobytes()


def _text_parts(texts):
    places = [place for place, text in enumerate(texts) if text]
    found = [texts[place].encode() for place in places]
    yield _COUNT.pack(len(places))
    yield np.array([places, [*map(len, found)]], "<u4").tobytes()
    yield from found


def _decode_1(stored):
    return _decode_events(stored, HEAD.size)


def _decode_2(stored):
    return _with_interest(stored, _decode_events)


def _decode_3(stored):
    return _with_interest(stored, _decode_texts)


def _decode_texts(stored, offset):
    (count,) = _COUNT.unpack_from(stored, offset)
    parts = [("<u4", count), ("<u4", count)]
    (places, sizes), offset = _arrays(stored, parts, offset + _COUNT.size)
    ends = offset + np.cumsum(sizes, dtype=np.int64)
    state = _decode_events(stored, int(ends[-1]) if count else offset)
    for place, size, end in zip(places, sizes, ends, strict=True):
        text = stored[end - size : end].decode()
        state.events[place] = state.events[place]._replace(text=text)
    return state


def _with_interest(stored, decode_rest):
    dim, num_pending, *fields = _INTEREST.unpack_from(stored, HEAD.size)
    parts = [("<f4", dim), ("<f4", dim), ("<u8", num_pending)]
    (*vectors, pending), offset = _arrays(stored, parts, HEAD.size + _INTEREST.size)
    state = decode_rest(stored, offset)
    if dim:
        state.interest = Interest(*fields, *vectors)
        state.pending = pending.tolist()
    return state


def _decode_events(stored, offset):
    _, incarnation, version = HEAD.unpack_from(stored)
    num_events, num_outside = _COUNTS.unpack_from(stored, offset)
    parts = [*((dtype, num_events) for dtype in _COLUMNS), ("<u8", num_outside)]
    columns, offset = _arrays(stored, parts, offset + _COUNTS.size)
    texts = stored[offset:].decode().split("\0") if num_events else []
    if len(texts) != 2 * num_events:
        raise ValueError(f"{len(texts)} texts for {num_events} events")
    timestamps, sequences, values, keys, outside = (c.tolist() for c in columns)
    values = [None if value != value else value for value in values]
    names = (texts[:num_events], texts[num_events:])
    rows = (timestamps, sequences, *names, values, keys, [""] * num_events)
    events = list(map(KeptEvent._make, zip(*rows, strict=True)))
    return UserState(version, events, outside, incarnation)


def _arrays(stored, parts, offset):
    """Arrays of `(dtype, size)` one after the other, and where they end."""
    arrays = []
    for dtype, size in parts:
        arrays.append(np.frombuffer(stored, dtype, size, offset))
        offset += arrays[-1].nbytes
    return arrays, offset


_NO_INTEREST = Interest(0, 0, 0, np.zeros(0), np.zeros(0))
_DECODERS = {1: _decode_1, 2: _decode_2, 3: _decode_3}
