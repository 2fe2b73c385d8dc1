"""The manifest: what a saved model is, in JSON, beside it."""

import contextlib
import datetime
import importlib.metadata
import json
import pathlib

from tfrec.feature_columns import FeatureColumn

PACKAGES = ("tensorflow", "tensorflow-text", "keras", "numpy")


def write_manifest(version_folder, *, config, ops, facts, packages=()):
    """Writes `assets.extra/manifest.json`.

    Args:
        version_folder: folder of the saved model, whose files are complete.
        config: dict, the whole configuration.
        ops: dict, what `check_ops` found.
        facts: dict of further entries: name, version, flavour, metrics, sizes.
        packages: names of packages that the index needs.

    Returns:
        The manifest, a dict.
    """
    version_folder = pathlib.Path(version_folder)
    manifest = {
        **facts,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "config": config,
        "ops": ops,
        "packages": dict(versions((*PACKAGES, *packages))),
        "size_bytes": folder_size(version_folder),
    }
    path = version_folder / "assets.extra" / "manifest.json"
    path.write_text(json.dumps(manifest, indent=2, sort_keys=True), encoding="utf-8")
    return manifest


def time_learnt(path):
    """When the model that a file in `assets.extra` belongs to was trained.

    Args:
        path: of the file, beside the manifest.

    Returns:
        Float, UTC seconds; None if no manifest tells.
    """
    manifest = _beside(path)
    created = manifest.get("catalogue_created", manifest.get("created"))
    try:
        return datetime.datetime.fromisoformat(created).timestamp()
    except (ValueError, TypeError):
        return None


def people_of(manifest):
    """The domain of a model's items that are its users; `""` if users are no items."""
    try:
        return str(manifest["config"]["data"]["people"])
    except (KeyError, TypeError):  # of another program, or a version of before
        return ""


def people_beside(path):
    """As `people_of`, of the model that a file in `assets.extra` belongs to."""
    return people_of(_beside(path))


def _beside(path):
    """The manifest beside a file, `{}` if there is none."""
    try:
        text = (pathlib.Path(path).parent / "manifest.json").read_text("utf-8")
        manifest = json.loads(text)
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def feature_columns_of(manifest, side):
    """The feature columns of a saved model.

    Args:
        manifest: dict; versions of before there were any name none.
        side: of those in `tfrec.feature_columns.SIDES`.

    Returns:
        Tuple of `FeatureColumn`s.
    """
    columns = map(FeatureColumn.of_json, manifest.get("features", []))
    return tuple(each for each in columns if each.side == side)


def item_columns(version_folder):
    """Those of the items, by the manifest in a version folder."""
    path = pathlib.Path(version_folder, "assets.extra", "manifest.json")
    return feature_columns_of(json.loads(path.read_text("utf-8")), "items")


def versions(names):
    """Pairs of name and version of the packages that are installed here."""
    for name in names:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            yield name, importlib.metadata.version(name)


def folder_size(folder):
    """Bytes of all files under a folder."""
    files = pathlib.Path(folder).rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())
