"""Which index for a catalogue, and with which settings."""

import dataclasses
import math
import pathlib

import numpy as np

from tfrec.errors import ArtefactError

EXACT_BELOW = 20_000  # candidates; exact search is as fast there
TREE_FROM = 1_000  # candidates; below it a ScaNN index scores them all
ANISOTROPIC_THRESHOLD = 0.2  # of the norm; ScaNN's authors' choice
TRAINING_SAMPLE = 250_000  # candidates that learn the leaves and the codebook


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchLevel:
    """What it takes to find the best `depth` candidates of a query."""

    depth: int  # results
    leaves: int  # searched
    reorder: int  # candidates scored exactly
    recall: float  # recall@depth, measured on held-out queries


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScannSettings:
    """What is fixed when a ScaNN index is built."""

    num_leaves: int  # 0 = no tree: every candidate is scored exactly
    dims_per_block: int = 2  # of the asymmetric hash
    anisotropic_threshold: float | None = None  # None = no anisotropic loss
    training_sample: int = TRAINING_SAMPLE  # candidates
    quantize: bool = False  # whether vectors are held rounded to 8 bits


@dataclasses.dataclass(frozen=True, kw_only=True)
class BuildReport:
    """What was built, for the manifest (`dataclasses.asdict` gives plain JSON)."""

    settings: ScannSettings
    levels: tuple  # `SearchLevel`s by rising depth; () when every answer is exact
    target_recall: float
    build_seconds: float  # with tuning
    size_bytes: int  # of ScaNN's saved tensors; when quantized, without the vectors


def scann_settings(num_candidates, dim, *, common_norm=None, quantize=False):
    """Settings of a ScaNN index.

    Args:
        num_candidates: int.
        dim: int, of an embedding.
        common_norm: float, the norm of the embeddings if they (nearly) share one.
        quantize: bool, whether vectors are held rounded to 8 bits.

    Returns:
        `ScannSettings`.

    Reference:
        Guo et al., Accelerating Large-Scale Inference with Anisotropic Vector
        Quantization, ICML 2020, https://arxiv.org/abs/1908.10396; leaves and
        blocks as in ScaNN's docs/algorithms.md.
    """
    if num_candidates < TREE_FROM:
        return ScannSettings(num_leaves=0)
    threshold = None if common_norm is None else ANISOTROPIC_THRESHOLD * common_norm
    return ScannSettings(
        num_leaves=math.isqrt(num_candidates),
        # Codes of two dimensions are too coarse where lengths tell candidates apart.
        dims_per_block=1 if common_norm is None else min(2, dim),
        anisotropic_threshold=threshold,
        training_sample=min(num_candidates, TRAINING_SAMPLE),
        quantize=quantize,
    )


def common_norm(embeddings, tolerance=0.05):
    """The norm that embeddings share within a relative `tolerance`, or None.

    Args:
        embeddings: `[num_candidates, dim]` float array.
        tolerance: largest standard deviation of the norms over their mean.
    """
    norms = np.linalg.norm(embeddings, axis=1)
    mean = float(norms.mean())
    return mean if mean > 0 and norms.std() <= tolerance * mean else None


def check_memory(num_candidates, dim, available_bytes=None):
    """Refuses a build that would run out of memory.

    Args:
        num_candidates: int.
        dim: int.
        available_bytes: int; None asks the operating system.

    Raises:
        ArtefactError: building needs more than is free.
    """
    if available_bytes is None:
        available_bytes = _available_bytes()
    needed = estimate_build_bytes(num_candidates, dim)
    if needed > available_bytes:
        raise ArtefactError(
            f"A ScaNN index of {num_candidates} candidates x {dim} dimensions needs "
            f"about {needed / 2**20:.0f} MiB to build, because ScaNN copies the "
            f"vectors. Received: {available_bytes / 2**20:.0f} MiB of free memory. "
            'Build on a larger machine, or set `export.index = "exact"`.'
        )


def estimate_build_bytes(num_candidates, dim):
    """Peak bytes beyond the caller's array: 6.7 times it, measured at 300 k x 64."""
    return 7 * num_candidates * dim * 4


def _available_bytes():
    for line in pathlib.Path("/proc/meminfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise ArtefactError("/proc/meminfo does not say how much memory is available.")
