"""Hostile requests over HTTP: makers of one kind each, from a random generator."""

import json

from tests.serving.hostile.attack import Attack

PREDICT = "/v1/models/toy:predict"


def post(name, body, status, path=PREDICT, **headers):
    """An attack by a body: bytes as they are, anything else as JSON."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Attack(name, lambda a: a.http("POST", path, body, headers), (status,))


def no_json(rng):
    whole = json.dumps({"instances": [{"user_text": "é", "k": 3}]}).encode()
    choices = [
        b"",
        whole[: rng.integers(1, len(whole) - 1)],
        b"[" * int(rng.integers(1000, 100_000)),
        b'{"a":' * int(rng.integers(1000, 50_000)),
        b"\xff\xfe" + rng.bytes(40),
        b'{"inputs": {"k": ' + b"9" * 10_000 + b"}}",
        b"null",
        b'"instances"',
    ]
    return post("no JSON", choices[rng.integers(len(choices))], 400)


def wrong_columns(rng):
    right = {"user_text": [""]}
    choices = [
        {"user_text": [1]},
        {"user_text": [None]},
        {"user_text": [{"b64": "?"}]},
        {"user_text": [["", ""], [""]]},
        right | {"k": [0]},
        right | {"k": [2**31]},
        right | {"k": [10**400]},
        right | {"k": [10_001]},
        right | {"k": [1.5]},
        right | {"k": [3, 4]},
        right | {"k": [[[[3]]]]},
        right | {"min_probability": [1e300]},
        right | {"allow_repeats": ["yes"]},
        right | {"no such input": [1]},
        right | {"history_item_ids": [["a"], ["b"], ["c"]]},
        {"user_text": [""] * 5000},
        {"user_text": [""] * 1000, "k": [9999]},
        {},
        [],
        None,
    ]
    return post("columns", {"inputs": choices[rng.integers(len(choices))]}, 400)


def wrong_rows(rng):
    row = {"user_text": ""}
    choices = [
        [row, {}],
        [row, None],
        [row, [row]],
        [row, row | {"k": 3}],
        [row | {"history_item_ids": ["a"]}, row | {"history_item_ids": []}],
        [{"k": 3}],
        [[]],
        [],
        {},
        "rows",
    ]
    return post("rows", {"instances": choices[rng.integers(len(choices))]}, 400)


def not_finite(rng):
    """Numbers that JSON does not know are answered, as TF Serving does."""
    value = str(rng.choice(["NaN", "Infinity", "-Infinity"]))
    body = (
        '{"inputs": {"user_text": [""], "history_item_ids": [["a"]], '
        f'"history_values": [[{value}]]}}}}'
    )
    return post("numbers that are none", body.encode(), 200)


def long_text(rng):
    row = {"user_text": "x" * 1_000_000, "history_item_ids": ["y" * 500_000]}
    return post("a megabyte of text", {"instances": [row]}, 200)


def wrong_paths(rng):
    choices = [
        ("/v1/models/nope:predict", 404),
        ("/v1/models/%2e%2e%2f%2e%2e%2fetc%2fpasswd:predict", 404),
        ("/v1/models/../../etc/passwd:predict", 400),
        ("/v1/models/toy%00:predict", 404),
        ("/v1/models/toy/versions/77:predict", 404),
        ("/v1/models/toy/versions/" + "9" * 40 + ":predict", 400),
        ("/v1/models/toy/labels/nope:predict", 400),
        ("/v1/models/toy:destroy", 400),
        ("/v1/models/" + "x" * 5000 + ":predict", 404),
        ("/v2/models/toy/infer", 404),
        ("/v1/models/toy:classify", 501),
    ]
    path, status = choices[rng.integers(len(choices))]
    return post("paths", {"instances": [{"user_text": ""}]}, status, path)


def wrong_methods(rng):
    method = str(rng.choice(["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD"]))
    return Attack("methods", lambda a: a.http(method, "/v1/models/toy", b""), (400,))


def oversize(rng):
    """A length too great, of a body that never comes."""
    length = str(int(rng.integers(3_000_000, 2**60)))
    attack = {"Content-Length": length}
    return Attack("oversize", lambda a: a.http("POST", PREDICT, b"", attack), (413,))


def no_http(rng):
    """Bytes that are no request, and requests that contradict themselves."""
    line = b"POST /v1/models/toy:predict HTTP/1.1\r\nHost: x\r\n"
    choices = [
        rng.bytes(200),
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",  # the beginning of TLS
        line + b"Content-Length: -5\r\n\r\n",
        line + b"Content-Length: many\r\n\r\n",
        line + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\n1234",
        line + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        line + b"Content-Length: 100\r\n\r\nonly this",
        line + b"X: " + b"y" * 70_000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]
    data = choices[rng.integers(len(choices))]
    return Attack("no HTTP", lambda a: a.raw(a.rest, data), (400, "closed"))


def no_grpc(rng):
    """Bytes at the other port, and frames that break HTTP/2."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    choices = [
        rng.bytes(200),
        b"GET / HTTP/1.1\r\n\r\n",
        preface,
        preface + rng.bytes(300),
        preface + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01",  # DATA of 16 MB
    ]
    data = choices[rng.integers(len(choices))]
    return Attack("no gRPC", lambda a: a.raw(a.target, data), (400, "closed"))


MAKERS = {
    no_json: 6,
    wrong_columns: 8,
    wrong_rows: 5,
    not_finite: 3,
    long_text: 1,
    wrong_paths: 5,
    wrong_methods: 2,
    oversize: 3,
    no_http: 5,
    no_grpc: 3,
}
