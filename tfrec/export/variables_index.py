"""How long the files of saved variables must be, by the index that lies beside them.

Reference: `tensorflow/core/protobuf/tensor_bundle.proto`. The index is a table in
LevelDB's format, uncompressed (`tensorflow/core/lib/io/format.h`).
"""

import pathlib
import struct

from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import tensor_bundle_pb2

from tfrec.errors import ArtefactError

_FOOTER = 48  # bytes: where two blocks are, padding, and
_MAGIC = bytes.fromhex("57fb808b247547db")
_TRAILER = 5  # bytes after a block: its compression and its checksum


def data_sizes(path: pathlib.Path) -> dict[str, int]:
    """Name of each data file to its size in bytes.

    Args:
        path: of `variables.index`.

    Raises:
        ArtefactError: the index is cut short, or no index.
    """
    data = path.read_bytes()
    try:
        entries = dict(_entries(data))
        header = tensor_bundle_pb2.BundleHeaderProto.FromString(entries.pop(b""))
        return _sizes(path.stem, header.num_shards, entries.values())
    except (DecodeError, LookupError, ValueError, struct.error) as error:
        raise ArtefactError(
            f"{path} must be a whole index of variables. Received: {len(data)} bytes "
            f"that are none ({error}). Copy the version again."
        ) from error


def _sizes(stem, num_shards, values):
    names = [f"{stem}.data-{i:05d}-of-{num_shards:05d}" for i in range(num_shards)]
    sizes = dict.fromkeys(names, 0)
    for value in values:
        entry = tensor_bundle_pb2.BundleEntryProto.FromString(value)
        name = names[entry.shard_id]
        sizes[name] = max(sizes[name], entry.offset + entry.size)
    return sizes


def _entries(data):
    """Keys and values of a table."""
    if len(data) < _FOOTER or data[-len(_MAGIC) :] != _MAGIC:
        raise ValueError("its end is missing")
    _, place = _handle(data, len(data) - _FOOTER)  # of a block that says nothing here
    (start, size), _ = _handle(data, place)
    for _, value in _block(data, start, size):
        (start, size), _ = _handle(value, 0)
        yield from _block(data, start, size)


def _handle(data, place):
    """Where a block starts and how long it is, and the place after that."""
    start, place = _varint(data, place)
    size, place = _varint(data, place)
    return (start, size), place


def _block(data, start, size):
    """Keys and values of a block; a key is what it shares with the last, and more."""
    if start + size + _TRAILER > len(data) or data[start + size]:
        raise ValueError("a block is missing or compressed")
    (num_restarts,) = struct.unpack_from("<I", data, start + size - 4)
    place, end, key = start, start + size - 4 - 4 * num_restarts, b""
    while place < end:
        shared, place = _varint(data, place)
        fresh, place = _varint(data, place)
        length, place = _varint(data, place)
        key = key[:shared] + data[place : place + fresh]
        place += fresh + length
        yield key, data[place - length : place]


def _varint(data, place):
    """A number of seven bits a byte, the lowest first, and the place after it."""
    number = shift = 0
    while data[place] > 127:
        number |= (data[place] & 127) << shift
        place, shift = place + 1, shift + 7
    return number | data[place] << shift, place + 1
