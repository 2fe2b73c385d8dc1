"""A saved model's files judged: what it needs, whether its manifest tells the truth."""

from collections import Counter

from tfrec.export.artefact import Artefact, library_of, required_libraries

_SHOWN = ("name", "version", "flavour", "created", "num_items", "embedding_dim")
_KEYS = (*_SHOWN, "ops", "max_history_length", "signatures")
OURS = "python -m serving.server"
SERVERS = {
    "scann": f"{OURS}, or a tensorflow_model_server built with ScaNN (no stock one)",
    "tensorflow_text": f"{OURS}, or any stock tensorflow_model_server from 2.20 on",
    "core": f"{OURS}, or any stock tensorflow_model_server of its TensorFlow version",
}


def find_facts(artefact: Artefact) -> dict[str, str]:
    """What the files say, in words.

    Raises:
        ArtefactError: an op belongs to no library we know.
    """
    libraries = required_libraries(artefact)
    ops: Counter = Counter()
    for op, count in artefact.ops.items():
        ops[library_of(op)] += count
    files = [path for path in artefact.folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    about = {key: artefact.manifest[key] for key in _SHOWN if key in artefact.manifest}
    return about | {
        "size": f"{size / 1e6:.1f} MB in {len(files)} files",
        "ops": ", ".join(
            f"{library} {count}" for library, count in sorted(ops.items())
        ),
        "op libraries": ", ".join(libraries) or "none beyond TensorFlow's own",
        "runs on": SERVERS[next((n for n in SERVERS if n in libraries), "core")],
        "new items": _new_items(artefact),
        **_texts(artefact),
    }


def _new_items(artefact):
    count = artefact.manifest.get("num_fresh_items", 0)
    return (
        f"{count} beside its index; others come at once in {OURS}, by its log, and in "
        "any other server by `python -m serving.index compact`"
    )


def _texts(artefact):
    """What its training found of the texts; nothing of a model that reads none."""
    texts = artefact.manifest.get("texts")
    if not texts:
        return {}
    shares = [f"{share:.1%} {name}" for name, share in texts["scripts"].items()]
    if texts["unknown_tokens"] is not None:
        shares.insert(0, f"{texts['unknown_tokens']:.1%} of the tokens unknown to it")
    return {"texts": f"read by {texts['encoder']}; {', '.join(shares)} letters"}


def check_manifest(artefact: Artefact) -> list[str]:
    """Where the manifest and the files disagree, one line per problem."""
    manifest = artefact.manifest
    if not manifest:
        return ["assets.extra/manifest.json must be there. Received: no such file."]
    problems = [f"`{key}` must be there." for key in _KEYS if key not in manifest]
    libraries = {library_of(op) for op in artefact.ops} - {"core"}
    unstated = libraries - set(manifest.get("ops", {}).get("required_libraries", []))
    if unstated:
        problems.append(
            "`ops.required_libraries` must name every library whose ops are used. "
            f"Missing: {', '.join(sorted(unstated))}."
        )
    absent = sorted(set(manifest.get("signatures", [])) - set(artefact.signatures))
    if absent:
        problems.append(
            "`signatures` must be those of saved_model.pb, which lacks "
            f"{', '.join(absent)}."
        )
    return problems
