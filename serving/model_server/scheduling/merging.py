"""Requests to one signature as a single one, and its answer as theirs.

Arrays of unlike width are padded at the end. What padding is, a signature says
itself: the default of its input, where that is a single element such as `[[""]]`.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from tfrec.protocol.signature import Signature


class MergeError(Exception):
    """The answer cannot be told apart into those of the requests."""


def merge_key(signature: Signature, inputs: dict) -> tuple:
    """What must be equal for requests to be merged: the sizes that are not padded.

    Args:
        signature: what they ask.
        inputs: name to array, of one request that fits the signature.
    """
    may_pad = _is_told_apart(signature)
    return tuple(
        (name, array.shape[1:])
        for name, array in sorted(inputs.items())
        if not (may_pad and _padding(signature, name) is not None)
        and not _has_fixed_rows(signature, name)
    )


def can_merge(signature: Signature) -> bool:
    """Whether every input and output has the batch first."""
    specs = [*signature.inputs.values(), *signature.outputs.values()]
    return all(spec.is_batched for spec in specs)


def merge(signature: Signature, requests: Sequence[dict], sizes: Sequence[int]) -> dict:
    """One request with the rows of all.

    Args:
        signature: what they ask.
        requests: for each the inputs, name to array, of equal `merge_key`.
        sizes: rows of each; an array of one row stands for as many.

    Returns:
        Name to array; inputs that no request has are left out.
    """
    names = sorted(set().union(*requests))
    return {name: _merged(signature, name, requests, sizes) for name in names}


def split(
    signature: Signature,
    outputs: dict,
    requests: Sequence[dict],
    sizes: Sequence[int],
) -> list[dict]:
    """The answer of each request, as wide as it would be alone.

    Raises:
        MergeError: an output is not as wide as the largest `k`.
    """
    ends = itertools.accumulate(sizes)
    places: list[tuple] = [
        (slice(end - size, end),) for size, end in zip(sizes, ends, strict=True)
    ]
    if "k" in signature.inputs and _has_open_outputs(signature):
        widths = [_width(signature, inputs) for inputs in requests]
        for name, array in outputs.items():
            if array.ndim != 2 or array.shape[1] != max(widths):
                raise MergeError(f"`{name}` is not as wide as the largest `k`.")
        places = [
            (*rows, slice(width)) for rows, width in zip(places, widths, strict=True)
        ]
    return [{name: array[place] for name, array in outputs.items()} for place in places]


def _is_told_apart(signature):
    """Whether padding inputs leaves answers what they are alone."""
    return "k" in signature.inputs or not _has_open_outputs(signature)


def _has_open_outputs(signature):
    return any(-1 in (spec.shape or (-1,))[1:] for spec in signature.outputs.values())


def _has_fixed_rows(signature, name):
    return -1 not in (signature.inputs[name].shape or (-1, -1))[1:]


def _padding(signature, name):
    default = signature.defaults.get(name)
    return default.ravel()[0] if default is not None and default.size == 1 else None


def _width(signature, inputs):
    return int(np.max(inputs.get("k", signature.defaults.get("k"))))


def _merged(signature, name, requests, sizes):
    default = signature.defaults.get(name)
    arrays = [inputs.get(name, default) for inputs in requests]
    shapes = {array.shape[1:] for array in arrays}
    if len(shapes) == 1 and [len(array) for array in arrays] == [*sizes]:
        return np.concatenate(arrays)  # many times as fast as what follows
    shape = np.max([array.shape[1:] for array in arrays], axis=0).astype(int)
    merged = _filled((sum(sizes), *shape), arrays[0].dtype, _padding(signature, name))
    start = 0
    for array, size in zip(arrays, sizes, strict=True):
        place = (slice(start, start + size), *map(slice, array.shape[1:]))
        merged[place] = array  # one row is repeated to as many
        start += size
    return merged


def _filled(shape, dtype, padding):
    if padding is None:  # then all widths are equal and nothing is padded
        return np.empty(shape, dtype)
    return np.full(shape, padding, dtype)
