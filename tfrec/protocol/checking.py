"""Whether a call fits a signature, before anything is computed."""

import math
from collections.abc import Sequence

import numpy as np

from tfrec.protocol.signature import Signature, TensorSpec
from tfrec.protocol.status import invalid
from tfrec.values import MAX_SECONDS

# What one request may ask of the memory, whatever its own size: a few bytes can stand
# for many rows, and every row is scored against the whole catalogue.
MAX_ROWS = 4096
MAX_ELEMENTS = 1 << 22  # of one input
MAX_ANSWER = 1 << 20  # places of an answer, over all rows
_TIMES = {"now", "history_timestamps", "available_from", "available_until"}


def check_size(signature: Signature, inputs: dict) -> None:
    """Refuses a call whose answer would take too much memory.

    Args:
        signature: what is called.
        inputs: name to array, of any shape.

    Raises:
        RequestError: INVALID_ARGUMENT, with the limit.
    """
    rows = max((array.shape[0] for array in inputs.values() if array.ndim), default=1)
    largest = max((array.size for array in inputs.values()), default=0)
    limits = {
        "The rows of a request": (rows, MAX_ROWS),
        "The elements of an input": (largest, MAX_ELEMENTS),
        "The places of an answer": (rows * _width(signature, inputs), MAX_ANSWER),
    }
    for what, (found, limit) in limits.items():
        if found > limit:
            raise invalid(
                f"{what} must be at most {limit}, because answers are made in memory. "
                f"Received: {found}. Send several requests."
            )


def _width(signature, inputs):
    """Places of the answer for one row."""
    if "k" in signature.inputs:
        k = inputs.get("k", signature.defaults.get("k"))
        is_number = k is not None and k.dtype.kind == "i" and k.size
        return max(1, int(np.max(k))) if is_number else 1
    has_pairs = any(len(spec.shape or ()) > 2 for spec in signature.outputs.values())
    wide = ["candidate_item_ids", *(["history_item_ids"] if has_pairs else [])]
    return math.prod(
        inputs[n].shape[-1] for n in wide if n in inputs and inputs[n].ndim
    )


def check_call(signature: Signature, inputs: dict, outputs: Sequence[str]) -> int:
    """Refuses a call that does not fit, with TF Serving's status.

    Args:
        signature: what is called.
        inputs: name to array.
        outputs: names wanted, none for all.

    Returns:
        Rows of the batch.

    Raises:
        RequestError: INVALID_ARGUMENT, with what is wrong.
    """
    _check_names(signature, inputs)
    _check_tensors(signature, inputs)
    _check_times(inputs)
    _check_outputs(signature, list(outputs))
    return _batch_size(signature, inputs)


def _check_names(signature, inputs):
    """Refuses in the words of `GetInputValues` and of what calls it in TF Serving."""
    num_inputs = len(signature.inputs)
    if len(inputs) > num_inputs or (
        len(inputs) < num_inputs and not signature.defaults
    ):
        extra = inputs.keys() - signature.inputs.keys()
        missing = signature.inputs.keys() - inputs.keys()
        raise invalid(
            f"input size does not match signature: {len(inputs)}!={num_inputs} "
            f"len({{{_join(inputs)}}}) != len({{{_join(signature.inputs)}}}). Sent "
            f"extra: {{{_join(extra)}}}. Missing but required: {{{_join(missing)}}}."
        )
    missing = signature.inputs.keys() - inputs.keys() - signature.defaults.keys()
    if missing:
        name = min(missing)
        raise invalid(
            f"Signature input alias: {name}(feed name: {signature.feeds.get(name)}) "
            "not found in request and no default value provided. Inputs expected to "
            f"be in the request {{{_join(inputs)}}}, or default input alias set: "
            f"{_join(signature.defaults)}"
        )
    used = inputs.keys() & signature.inputs.keys()
    if len(used) < len(inputs):
        raise invalid(
            f"Inputs contains invalid name. Used request inputs: {_join(used)}, "
            f"request input: {_join(inputs)}"
        )


def _join(names):
    return ",".join(sorted(names))


def _check_tensors(signature, inputs):
    for name, array in inputs.items():
        expected = signature.inputs[name]
        is_right = array.dtype == expected.numpy_dtype
        if not is_right or not expected.accepts(array.shape):
            dtype = "string" if array.dtype == object else array.dtype.name
            raise invalid(
                f"`{name}` must be {expected}. "
                f"Received: {TensorSpec(dtype, array.shape)}."
            )


def _check_times(inputs):
    for name in sorted(inputs.keys() & _TIMES):
        times = inputs[name]
        is_too_large = (times > MAX_SECONDS) | (times < -MAX_SECONDS)
        if is_too_large.any():
            raise invalid(
                f"`{name}` looks like milliseconds; divide it by 1000 to get seconds. "
                f"Received: {times[is_too_large][0]}."
            )


def _check_outputs(signature, wanted):
    known = ",".join(signature.outputs)
    for name in wanted:
        if name not in signature.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {name} Outputs expected "
                f"to be in the set {{{known}}}."
            )
        if wanted.count(name) > 1:
            raise invalid(f"duplicate output tensor alias: {name}")


def _batch_size(signature, inputs):
    """Rows of the batch: every batched input has as many, or one."""
    rows = {
        name: array.shape[0]
        for name, array in inputs.items()
        if signature.inputs[name].is_batched
    }
    required = [name for name in rows if name not in signature.defaults]
    leader = max(required or rows, key=lambda name: rows[name], default=None)
    size = rows.get(leader, 1)
    for name, count in rows.items():
        if count not in (size, 1) or (name in required and count != size):
            raise invalid(
                f"`{name}` must have as many rows as `{leader}`, {size}. "
                f"Received: {count}."
            )
    return size
