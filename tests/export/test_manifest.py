"""Tests of tfrec.export.manifest."""

import importlib.metadata

from tfrec.export.manifest import write_manifest


def test_packages_are_those_that_are_installed(tmp_path, monkeypatch):
    """On Windows there is no tensorflow-text, and a model is saved all the same."""

    def version(name):
        if name == "tensorflow-text":
            raise importlib.metadata.PackageNotFoundError(name)
        return "1.2"

    monkeypatch.setattr(importlib.metadata, "version", version)
    (tmp_path / "assets.extra").mkdir()
    about = {"config": {}, "ops": {}, "facts": {}, "packages": ["faiss"]}
    packages = write_manifest(tmp_path, **about)["packages"]
    names = ("tensorflow", "keras", "numpy", "faiss")
    assert packages == dict.fromkeys(names, "1.2")
