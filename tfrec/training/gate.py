"""Whether a new model may take the place of an old one, by their reports."""

import dataclasses
import json
import pathlib
from dataclasses import dataclass, field

from tfrec.errors import ConfigError, DataError
from tfrec.evaluation.bootstrap import paired_bootstrap
from tfrec.toml import read_section, read_toml
from tfrec.training.comparison import METRIC, read_queries

CALIBRATION = "interest.expected_calibration_error"


@dataclass(frozen=True, kw_only=True)
class GateThresholds:
    """What a new model must reach.

    Attributes:
        least: figure of the report -> the least that is let through.
        most: figure -> the most.
        max_loss: NDCG@10 that may be lost against the old model; more is refused where
            the 95 % interval of the difference lies beyond it as a whole.
        max_calibration_loss: how much larger than the old model's the calibration error
            may be, where it is above what `most` has of it.
    """

    least: dict = field(default_factory=dict)
    most: dict = field(default_factory=lambda: {CALIBRATION: 0.05})
    max_loss: float = 0.0
    max_calibration_loss: float = 0.02

    def __post_init__(self):
        for name, limits in (("least", self.least), ("most", self.most)):
            for figure, limit in limits.items():
                if isinstance(limit, bool) or not isinstance(limit, int | float):
                    raise ConfigError(
                        f'`{name}."{figure}"` must be a number. Received: {limit!r}.'
                    )


@dataclass(frozen=True)
class GateCheck:
    """One thing that was looked at.

    Attributes:
        passed: whether it lets the model through.
        words: what was found, and what is asked for.
    """

    passed: bool
    words: str


def read_thresholds(path: pathlib.Path | None) -> GateThresholds:
    """Thresholds of a TOML file, the usual ones for None.

    Raises:
        ConfigError: the file is missing or wrong.
    """
    if path is None:
        return GateThresholds()
    return read_section(GateThresholds, "gate", read_toml(path))


def check_model(
    new: pathlib.Path, old: pathlib.Path | None, thresholds: GateThresholds, seed: int
) -> list[GateCheck]:
    """Looks at a new model's report, and at the old one's on the same questions.

    Args:
        new: folder of the new model's report.
        old: folder of the old one's, None for none.
        thresholds: `GateThresholds`.
        seed: of the bootstrap.

    Raises:
        ConfigError: a threshold is of a figure that the report does not have.
        DataError: a report cannot be read, or they are of other questions.
    """
    report = read_report(new)
    before = read_report(old) if old else {}
    checks = _limits(report, before, thresholds)
    if old:
        checks.append(_against(new, old, thresholds.max_loss, seed))
    return checks


def read_report(folder: pathlib.Path) -> dict[str, float]:
    """The figures of a report by name: of our model, and of probabilities.

    Args:
        folder: of `report.json`.

    Returns:
        Such as `{"ndcg@10": 0.13, "coverage": 0.4, "interest.auc": 0.85}`.

    Raises:
        DataError: it cannot be read.
    """
    path = pathlib.Path(folder) / "report.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        ours = content["models"][0]
        figures = {name: each["mean"] for name, each in ours["metrics"].items()}
        figures["coverage"] = ours["coverage"]
        interest = content.get("interest") or {}
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise DataError(f"{path} cannot be read as a report: {error!r}.") from error
    for name, value in interest.items():
        if isinstance(value, int | float):
            figures[f"interest.{name}"] = value
    return figures


def _limits(report, before, thresholds):
    named = [(name, limit, True) for name, limit in thresholds.least.items()]
    named += [(name, limit, False) for name, limit in thresholds.most.items()]
    usual = thresholds.most == GateThresholds().most
    checks = []
    for name, limit, is_least in named:
        if name not in report:
            if usual and name == CALIBRATION:
                continue  # nobody asked for it, and nobody measured it
            raise ConfigError(
                f"A threshold must be of a figure of the report, because it would let "
                f"everything through. Received: {name!r}. There are "
                f"{', '.join(sorted(report))}."
            )
        found = report[name]
        is_right = found >= limit if is_least else found <= limit
        asked = f"at {'least' if is_least else 'most'} {limit:.4g}"
        words = f"{name} is {found:.4f}, {asked} is asked for."
        if not is_right and name == CALIBRATION and name in before:
            most = before[name] + thresholds.max_calibration_loss
            is_right = found <= most
            words += f" The old model has {before[name]:.4f}, so {most:.4f} may be."
        checks.append(GateCheck(is_right, words))
    return checks


def _against(new, old, max_loss, seed):
    """NDCG@10 on the same questions."""
    mine, other = read_queries(new), read_queries(old)
    if len(mine.users) != len(other.users) or (mine.users != other.users).any():
        raise DataError(
            "Two models can be compared only on the same questions. Received: "
            f"{len(mine.users)} questions in {new} and {len(other.users)} in {old}. "
            "Evaluate both with `python -m training.evaluate` and one configuration."
        )
    first, second = (next(iter(each.values.values())) for each in (mine, other))
    found = paired_bootstrap(first, second, mine.users, seed=seed)
    low, high = found.interval
    words = (
        f"{METRIC} is {first.mean():.4f} against {second.mean():.4f}: a difference of "
        f"{found.difference:+.4f} (95 % {low:+.4f} to {high:+.4f})"
    )
    if high < -max_loss:
        return GateCheck(False, f"{words}, a loss beyond {max_loss:.4g}.")
    sure = "a gain" if low > 0 else "no certain loss"
    return GateCheck(True, f"{words}, {sure}.")


def to_json(checks: list[GateCheck]) -> str:
    """The result for programs."""
    passed = all(check.passed for check in checks)
    content = {"passed": passed, "checks": [dataclasses.asdict(c) for c in checks]}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
