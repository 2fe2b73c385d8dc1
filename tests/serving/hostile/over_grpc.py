"""Hostile requests over gRPC: makers of one kind each, from a random generator."""

import grpc
import numpy as np
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    predict_pb2,
)

from tests.serving.hostile.attack import SERVICE, Attack, predict, texts

INVALID = ("INVALID_ARGUMENT",)
PREDICT = f"{SERVICE}/Predict"
MODEL_SERVICE = "/tensorflow.serving.ModelService"
SHAPES = {  # of the toy's inputs: their types and ranks
    "user_text": (object, 1),
    "query_text": (object, 1),
    "history_item_ids": (object, 2),
    "history_events": (object, 2),
    "history_values": (np.float32, 2),
    "history_timestamps": (np.int64, 2),
    "now": (np.int64, 1),
    "k": (np.int32, 1),
    "exclude_item_ids": (object, 2),
    "categories": (object, 2),
    "min_probability": (np.float32, 1),
    "allow_repeats": (np.bool_, 1),
}
DTYPES = [object, np.float32, np.float64, np.int32, np.int64, np.bool_, np.uint8]


def attack(name, request, expected, method=PREDICT, **more):
    """An attack by a message, or by bytes."""
    body = request if isinstance(request, bytes) else request.SerializeToString()
    return Attack(name, lambda a: a.grpc(method, body, **more), expected)


def filled(dtype, shape):
    """An array of nothing in particular."""
    return np.full(shape, "a", object) if dtype is object else np.ones(shape, dtype)


def any_input(rng):
    """Name, type and rank of an input."""
    name = rng.choice(list(SHAPES))
    return str(name), *SHAPES[name]


def with_input(name, array):
    """A request that is right but for one input."""
    return predict(**{"user_text": texts("")} | {name: array})


def wrong_dtype(rng):
    name, dtype, rank = any_input(rng)
    other = DTYPES[rng.integers(len(DTYPES))]
    if other is dtype:
        other = np.float16
    return attack("dtype", with_input(name, filled(other, (1,) * rank)), INVALID)


def wrong_rank(rng):
    name, dtype, rank = any_input(rng)
    other = int(rng.choice([each for each in (0, 1, 2, 3, 7) if each != rank]))
    return attack("rank", with_input(name, filled(dtype, (1,) * other)), INVALID)


def wrong_batch(rng):
    name, dtype, rank = any_input(rng)
    rows = int(rng.integers(2, 50))
    inputs = {"user_text": filled(object, rows + 1 + int(rng.integers(9)))}
    inputs[name] = filled(dtype, (rows,) + (1,) * (rank - 1))
    if name == "user_text":
        inputs["now"] = np.ones(rows + 1, np.int64)
    return attack("batch", predict(**inputs), INVALID)


def not_finite(rng):
    """Numbers at the ends of their types: an answer, or a refusal in words."""
    ends = rng.choice([np.nan, np.inf, -np.inf, 3e38, -1e-45], (1, 3))
    times = rng.choice([-(10**11), 10**11, -1], (1, 3))  # the ends of seconds
    request = predict(
        user_text=texts(""),
        history_item_ids=texts(["a", "b", "c"]),
        history_values=ends.astype(np.float32),
        history_timestamps=times,
        now=times[:, 0],
        min_probability=ends[:, 0].astype(np.float32),
    )
    return attack("numbers that are none", request, ("OK",))


def milliseconds(rng):
    """Times far beyond seconds, to the ends of their type."""
    times = [10**11 + 1, 1_700_000_000_000, 2**63 - 1, -(2**63), -(10**12)]
    now = np.array([rng.choice(times)], np.int64)
    return attack("milliseconds", with_input("now", now), INVALID)


def interest_that_is_none(rng):
    interest = rng.choice([np.nan, np.inf, -np.inf], (2, 2)).astype(np.float32)
    request = predict("recommend_from_interest", interest=interest)
    return attack("interest", request, ("OK",))


def wrong_k(rng):
    ks = [0, -1, -(2**31), 10_001, 2**31 - 1, 2**30]
    k = np.array([rng.choice(ks)], np.int32)
    return attack("k", with_input("k", k), INVALID)


def too_much(rng):
    """Small requests for answers that would fill the memory."""
    rows = int(rng.integers(5000, 100_000))
    short = predict(user_text=texts("x"))
    short.inputs["user_text"].tensor_shape.dim[0].size = rows
    wide = predict(user_text=texts("x"))
    wide.inputs["user_text"].tensor_shape.dim[0].size = 4000
    wide.inputs["k"].CopyFrom(predict(k=np.array([9999], np.int32)).inputs["k"])
    judged = predict("explain", user_text=texts(""))
    for name in ("candidate_item_ids", "history_item_ids"):
        proto = predict(x=texts(["a"])).inputs["x"]
        proto.tensor_shape.dim[1].size = 1 << 20
        judged.inputs[name].CopyFrom(proto)
    request = (short, wide, judged)[rng.integers(3)]
    return attack("memory", request, INVALID)


def long_text(rng):
    name = str(rng.choice([n for n, (dtype, _) in SHAPES.items() if dtype is object]))
    rank = SHAPES[name][1]
    text = rng.bytes(1) * 1_000_000
    array = np.full((1,) * rank, text, object)
    return attack("a megabyte of text", with_input(name, array), ("OK",))


def any_bytes(rng):
    """Bytes that are no message."""
    whole = predict(user_text=texts("", "abc"), k=np.array([3, 4], np.int32))
    text = whole.SerializeToString()
    while True:
        if rng.random() < 0.5:
            body = text[: rng.integers(1, len(text))]
        else:
            body = rng.bytes(int(rng.integers(1, 400)))
        try:
            predict_pb2.PredictRequest.FromString(body)
        except DecodeError:
            return attack("torn message", body, ("INTERNAL",))


def wrong_names(rng):
    ours = {"user_text": texts("")}
    choices = [
        (predict("n\0pe", **ours), ("FAILED_PRECONDITION",)),
        (predict("__saved_model_init_op"), ("FAILED_PRECONDITION",)),
        (predict(model="../toy", **ours), ("NOT_FOUND",)),
        (predict(model="x" * 100_000, **ours), ("NOT_FOUND",)),
        (predict(model="", **ours), INVALID),
        (predict(version=int(rng.integers(2, 2**60)), **ours), ("NOT_FOUND",)),
        (predict(version=-1, **ours), ("NOT_FOUND",)),
        (predict(label="canary", **ours), INVALID),
        (predict_pb2.PredictRequest(), INVALID),
        (predict(), INVALID),
        (predict(**ours, **{"x" * 9: texts("")}), INVALID),
        (predict(**ours, **{f"x{i}": texts("") for i in range(500)}), INVALID),
    ]
    request, expected = choices[rng.integers(len(choices))]
    return attack("names", request, expected)


def wrong_outputs(rng):
    request = predict(user_text=texts(""))
    names = (["nope"], ["scores", "scores"], ["\0"], ["scores"] * 1000)
    request.output_filter.extend(names[rng.integers(len(names))])
    return attack("outputs", request, INVALID)


def contradiction(rng):
    """A tensor whose shape is not that of its values."""
    request = with_input("now", np.ones(1, np.int64))
    proto = request.inputs["now"]
    del proto.int64_val[:]
    sizes = ([-1], [2**62, 4], [3], [0, 2**62], [1] * 300, [2**40])
    del proto.tensor_shape.dim[:]
    for size in sizes[rng.integers(len(sizes))]:
        proto.tensor_shape.dim.add(size=size)
    if rng.random() < 0.5:
        proto.tensor_content = rng.bytes(int(rng.integers(1, 8)))
    else:
        proto.dtype = int(rng.choice([0, 8, 19, 20, 21, 99, 101, 1]))
    return attack("contradiction", request, INVALID)


def other_methods(rng):
    status = get_model_status_pb2.GetModelStatusRequest()
    status.model_spec.name = "nope"
    metadata = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["x"])
    metadata.model_spec.name = "toy"
    reload = model_management_pb2.ReloadConfigRequest()
    moved = model_management_pb2.ReloadConfigRequest()
    moved.config.model_config_list.config.add(name="toy", base_path="/no/such/folder")
    choices = [
        (f"{SERVICE}/Classify", b"", ("UNIMPLEMENTED",)),
        (f"{SERVICE}/NoSuchMethod", rng.bytes(9), ("UNIMPLEMENTED",)),
        ("/no.such.Service/Predict", b"", ("UNIMPLEMENTED",)),
        (f"{MODEL_SERVICE}/GetModelStatus", status, ("NOT_FOUND",)),
        (f"{SERVICE}/GetModelMetadata", metadata, INVALID),
        (f"{MODEL_SERVICE}/HandleReloadConfigRequest", reload, INVALID),
        (f"{MODEL_SERVICE}/HandleReloadConfigRequest", moved, INVALID),
    ]
    method, request, expected = choices[rng.integers(len(choices))]
    return attack("other methods", request, expected, method)


def oversize(rng):
    """A message too large, or one that is small until it is unpacked."""
    body = with_input("user_text", texts("x" * 4_000_000)).SerializeToString()
    packed = grpc.Compression.Gzip if rng.random() < 0.5 else None
    return attack("oversize", body, ("RESOURCE_EXHAUSTED",), compression=packed)


def long_metadata(rng):
    request = with_input("user_text", texts(""))
    metadata = [("x-request-id", "y" * 100_000)]
    return attack("metadata", request, ("RESOURCE_EXHAUSTED",), metadata=metadata)


# Maker -> how often: the dear ones are rare.
MAKERS = {
    wrong_dtype: 8,
    wrong_rank: 8,
    wrong_batch: 6,
    not_finite: 6,
    interest_that_is_none: 3,
    milliseconds: 3,
    wrong_k: 5,
    too_much: 4,
    long_text: 2,
    any_bytes: 8,
    wrong_names: 8,
    wrong_outputs: 4,
    contradiction: 8,
    other_methods: 5,
    oversize: 1,
    long_metadata: 1,
}
