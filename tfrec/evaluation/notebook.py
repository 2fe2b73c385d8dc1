"""A report that shows itself: as a frame, as Markdown, as HTML in a notebook."""

import base64
import html
import pathlib
import tempfile
from collections.abc import Sequence
from typing import Any

import pandas as pd

from tfrec.evaluation.card.page import render_page
from tfrec.evaluation.evaluate import Evaluation
from tfrec.evaluation.markdown import render, verdict
from tfrec.evaluation.plots import shown
from tfrec.evaluation.report import make_report, write_figures


class Report:
    """How good a model is, beside baselines, on one part of a log.

    Args:
        evaluations: list of `Evaluation`s on the same queries, our model first.
        **facts: further arguments of `tfrec.evaluation.report.make_report`.

    Attributes:
        content: dict, the same as in a run's `report.json`.
    """

    def __init__(self, evaluations: Sequence[Evaluation], **facts: Any):
        self._evaluations = evaluations
        self.content = make_report(evaluations, **facts)

    @property
    def metrics(self) -> dict[str, float]:
        """Metric to mean of our model, such as `"ndcg@10"`."""
        ours = self.content["models"][0]["metrics"]
        return {name: each["mean"] for name, each in ours.items()}

    @property
    def table(self) -> pd.DataFrame:
        """A row for each recommender, ours first: means, and the 95 % interval of the
        metric that sorts them; how far ours is ahead, and its p."""
        metric = self.content["metric"]
        rows = {model["name"]: _row(model, metric) for model in self.content["models"]}
        return pd.DataFrame.from_dict(rows, orient="index")

    def to_markdown(self) -> str:
        """The whole report, without its figures."""
        return render(self.content)

    def to_html(self) -> str:
        """The verdict, the table and the figures, as one piece of HTML."""
        metric, table = self.content["metric"], self.table
        names = [*map(str, table.columns)]
        columns = [name for name in names if name.endswith(metric.partition("@")[2])]
        columns += [name for name in names if name not in self.metrics]
        labels = {name: shown(name) for name in columns}
        styled = (
            table[columns]
            .rename(columns=labels)
            .to_html(float_format="{:.4f}".format, na_rep="")
        )
        title = html.escape(self.content["title"])
        words = html.escape(verdict(self.content).replace("**", ""))
        return f"<h3>{title}</h3><p>{words}</p>{styled}<p>{self._images()}</p>"

    def to_page(self) -> str:
        """The evaluation card as a whole page of HTML, as a run's `report.html`."""
        return render_page(self.content)

    def _images(self) -> str:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            figures = write_figures(folder, self.content, self._evaluations)
            return "".join(
                _image((folder / file).read_bytes(), what)
                for what, file in figures.items()
            )

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        return self.to_markdown()


def _row(model: dict[str, Any], metric: str) -> dict[str, Any]:
    row = {name: each["mean"] for name, each in model["metrics"].items()}
    row["low"], row["high"] = model["metrics"][metric]["interval"]
    against = model.get("against", {})
    return row | {"ours_ahead_by": against.get("difference"), "p": against.get("p")}


def _image(png: bytes, what: str) -> str:
    data = base64.b64encode(png).decode("ascii")
    return f'<img alt="{what}" height="300" src="data:image/png;base64,{data}">'
