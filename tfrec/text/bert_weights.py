"""Weights of a BERT in a Hugging Face folder, as `BertEncoder` takes them."""

import contextlib

import numpy as np
from safetensors import SafetensorError, safe_open

from tfrec.errors import ConfigError
from tfrec.files import is_file_name
from tfrec.text.bert_config import KINDS, read_object

WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
DTYPES = {"F64", "F32", "F16", "BF16"}
NUM_SHOWN = 3  # tensors that an error names
OLD_NAMES = {".gamma": ".weight", ".beta": ".bias"}  # as TensorFlow calls them
BUFFER = "embeddings.position_ids"  # 0, 1, 2 and so on; not a weight


def read_weights(folder, config):
    """All weights, as float32.

    Args:
        folder: `pathlib.Path`.
        config: what `read_bert_config` gave.

    Returns:
        One list of arrays for each of the token embedding, the position embedding
        (of the first segment, from the first token on), the embedding norm and the
        blocks.

    Raises:
        ConfigError: a file is missing or damaged, or holds other weights.
    """
    with contextlib.ExitStack() as stack:
        tensors = {
            _plain(name): (file, name)
            for path in _paths(folder)
            for file in [stack.enter_context(_open(path))]
            for name in file.keys()  # noqa: SIM118, it is no dict
        }
        _check(folder, tensors, _shapes(config))

        def get(name):
            file, full_name = tensors[name]
            return np.asarray(file.get_tensor(full_name), np.float32)

        return _arrange(get, config)


def _paths(folder):
    if (folder / WHOLE).is_file():
        return [folder / WHOLE]
    if not (folder / INDEX).is_file():
        raise ConfigError(
            f"{folder} must hold {WHOLE}, because no other form of weights is read. "
            "Received: no such file. Copy the whole folder again, or save the model "
            "in this form."
        )
    shards = read_object(folder / INDEX).get("weight_map")
    names = [*shards.values()] if isinstance(shards, dict) else [None]
    files = {name for name in names if isinstance(name, str) and is_file_name(name)}
    if not all(name in files for name in names):
        raise ConfigError(
            f"`weight_map` of {folder / INDEX} must give a file beside it for each "
            "tensor, because the weights lie there. Copy the whole folder again."
        )
    return [folder / name for name in sorted(files)]


def _open(path):
    try:
        return safe_open(path, framework="np")
    except (SafetensorError, OSError) as error:
        raise ConfigError(
            f"{path} must be a file of safetensors, because it holds the weights. "
            f"Received: {error}. Copy the whole folder again."
        ) from error


def _plain(name):
    for old, new in OLD_NAMES.items():
        if name.endswith(old):
            name = name.removesuffix(old) + new
    # Where the file has a head, too.
    return name.removeprefix("bert.").removeprefix("roberta.")


def _shapes(config):
    """Shape of each tensor by name; matrices are `[out, in]`."""
    dim, wide = config["hidden_size"], config["intermediate_size"]
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (config["vocab_size"], dim),
        "embeddings.position_embeddings.weight": (
            config["max_position_embeddings"],
            dim,
        ),
        "embeddings.token_type_embeddings.weight": (
            config["type_vocab_size"],
            dim,
        ),
    }
    layers: dict[str, tuple[int, ...]] = {"embeddings.LayerNorm": (dim,)}
    for row in range(config["num_hidden_layers"]):
        block: dict[str, tuple[int, ...]] = {
            "attention.self.query": (dim, dim),
            "attention.self.key": (dim, dim),
            "attention.self.value": (dim, dim),
            "attention.output.dense": (dim, dim),
            "attention.output.LayerNorm": (dim,),
            "intermediate.dense": (wide, dim),
            "output.dense": (dim, wide),
            "output.LayerNorm": (dim,),
        }
        layers |= {f"encoder.layer.{row}.{k}": shape for k, shape in block.items()}
    for name, shape in layers.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return shapes


def _check(folder, tensors, shapes):
    """Every tensor of a BERT is there and fits, and its encoder has no others."""
    theirs = {
        name
        for name in tensors
        if name.startswith(("embeddings.", "encoder.")) and name != BUFFER
    }
    problems = []
    for name in [*shapes, *sorted(theirs - set(shapes))]:
        expected, found = str(shapes.get(name, "none")), "none"
        if name in tensors:
            file, full_name = tensors[name]
            tensor = file.get_slice(full_name)
            found, dtype = str(tuple(tensor.get_shape())), tensor.get_dtype()
            found = found if dtype in DTYPES else f"{found} of {dtype}"
        if found != expected:
            problems.append(f"{name}: expected {expected}, found {found}")
    if problems:
        more = len(problems) - NUM_SHOWN
        raise ConfigError(
            f"The weights in {folder} must have the shapes that its config.json says, "
            f"because the BERT is built by it. Received: "
            f"{'; '.join(problems[:NUM_SHOWN])}{f'; {more} more' * (more > 0)}. Copy "
            "both from the same model."
        )


def _arrange(get, config):
    def norm(name):
        return [get(f"{name}.weight"), get(f"{name}.bias")]

    def dense(name):
        return [get(f"{name}.weight").T, get(f"{name}.bias")]

    def block(at):
        parts = [dense(f"{at}.attention.self.{p}") for p in ("query", "key", "value")]
        kernels, biases = zip(*parts, strict=True)
        return [
            *(np.concatenate(kernels, axis=1), np.concatenate(biases)),
            *dense(f"{at}.attention.output.dense"),
            *norm(f"{at}.attention.output.LayerNorm"),
            *dense(f"{at}.intermediate.dense"),
            *dense(f"{at}.output.dense"),
            *norm(f"{at}.output.LayerNorm"),
        ]

    first_segment = get("embeddings.token_type_embeddings.weight")[0]
    positions = get("embeddings.position_embeddings.weight")
    return [
        [get("embeddings.word_embeddings.weight")],
        [positions[KINDS[config["model_type"]] :] + first_segment],
        norm("embeddings.LayerNorm"),
        *(block(f"encoder.layer.{row}") for row in range(config["num_hidden_layers"])),
    ]
