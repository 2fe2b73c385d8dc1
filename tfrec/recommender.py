"""The whole of tfrec as one Python object over pandas frames."""

import contextlib
import dataclasses
import json
import pathlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self, TypeAlias

import numpy as np
import pandas as pd

from tfrec.client.histories import FIELDS, History, HistoryLike, QueryError, read_ids
from tfrec.client.predictor import Predictor
from tfrec.config import Config, from_dict, from_settings, to_json
from tfrec.data.feature_cells import given_features
from tfrec.data.item_words import read_with_words
from tfrec.data.people import dataset_of, with_people
from tfrec.data.readers import read_events, read_items, read_users
from tfrec.data.schema import Dataset, Events, Items, Users, without_gaps
from tfrec.datasets.registry import load_dataset
from tfrec.download import cache_folder
from tfrec.errors import DataError, NotBuiltError
from tfrec.evaluation.notebook import Report
from tfrec.export.in_memory import InMemoryModel
from tfrec.export.loaded import LoadedModel
from tfrec.export.saved_model import export, republish
from tfrec.feature_columns import SIDE_OF
from tfrec.files import replacing_folder
from tfrec.garbage import collecting_new_only
from tfrec.hybrid.hybrid_model import HybridModel
from tfrec.plugins import DATASETS
from tfrec.protocol.signature import Signature
from tfrec.retrieval.candidate_index import CandidateIndex
from tfrec.text.catalogue_cache import CatalogueCache
from tfrec.training.log import RunData, prepare
from tfrec.training.progress import narrated
from tfrec.training.resolving import resolved
from tfrec.training.run import (
    choose_indexes,
    manifest_facts,
    report_facts,
    try_out,
)
from tfrec.training.trainer import Recipe, make_recipe, set_up

Table: TypeAlias = pd.DataFrame | str | pathlib.Path
TABLES = {"events": Events, "items": Items, "users": Users}
SETTINGS = "recommender.json"  # of what `save` writes; by it, it is known again
READERS = {"events": read_events, "items": read_items, "users": read_users}


class Recommender(Predictor):
    """Learns from a log, recommends, explains, judges itself, and is exported.

    It runs the recipe of `python -m training.train`: validation chooses epochs, scorers
    and weights, probabilities are calibrated, and the model then learns from the whole
    log.

    Args:
        config: `Config`, or None for the defaults.
        **settings: keys of the configuration by their own names, such as
            `max_epochs=3` or `text_encoder="lstm"`; `seed` sets every seed.

    Raises:
        ConfigError: a key is unknown or a value is wrong.

    Example:
        >>> import tfrec
        >>> recommender = tfrec.Recommender(max_epochs=2)
        >>> recommender.fit("movielens-100k")  # doctest: +SKIP
        >>> recommender.recommend([["50", "172"]], k=3)  # doctest: +SKIP
    """

    def __init__(self, config: Config | None = None, **settings: Any):
        self.config = from_settings(settings, config)
        self._data: RunData | None = None
        self._trained: HybridModel | None = None  # if it was trained here
        self._predictor: Predictor | None = None

    @collecting_new_only()
    def fit(
        self,
        events: Table,
        items: Table | None = None,
        users: Table | None = None,
        *,
        verbose: bool = True,
    ) -> Self:
        """Learns from a log.

        Args:
            events: frame with `user_id`, `item_id` and maybe `timestamp`, `event`,
                `value` (docs/data.md); a file or folder of such a table; a folder that
                holds `events.*`, `items.*` and `users.*`; or a public data set by name.
            items: frame or file with `item_id`, `title`, `text`, `category`; None for
                items that are known by their ids alone.
            users: frame or file with `user_id` and `text`, their profiles, or None.
            verbose: whether to show what is being done and how far it is.

        Returns:
            The recommender itself.

        Raises:
            DataError: a table is wrong; all problems are in the message.
            ConfigError: a setting does not fit the log.
        """
        with narrated(verbose) as report:
            data = self._prepared(self._read(events, items, users))
            with self._recipe(data, report) as recipe:
                choice = recipe.choose(data.interactions)
                trained = recipe.learn(data.interactions, choice, "final")
            self._predictor = InMemoryModel(trained)
            self._data, self._trained = data, trained  # all went well
        return self

    @collecting_new_only()
    def evaluate(
        self, split: str | None = None, *, baselines: bool = True, verbose: bool = True
    ) -> Report:
        """Judges the recipe on the last part of the log, beside baselines.

        The model that recommends has learnt from that part too, so another one is
        trained for it, on what lies before.

        Args:
            split: `"rolling"`, `"global"`, `"leave-last-out"` or `"cold-items"`, or
                `"random"` for a log without times; None for the configuration's.
            baselines: whether to train and show them too.
            verbose: as for `fit`.

        Returns:
            `Report`.
        """
        data = self._known_data()
        changed = {"split": split or self.config.evaluation.split}
        with narrated(verbose) as report:
            with self._recipe(data, report, baselines=baselines, **changed) as recipe:
                trial, _ = try_out(recipe, data)
                facts = report_facts(recipe, data, trial)
            return Report(trial.judged.evaluations, **facts)

    def recommend(
        self,
        histories: Sequence[HistoryLike] | None = None,
        *,
        user_ids: Sequence | None = None,
        **options: Any,
    ) -> pd.DataFrame:
        """As `Predictor.recommend`, for histories or for users of the log.

        Args:
            histories: as `Predictor.recommend` takes them.
            user_ids: users of the log instead, whose events, profiles and feature
                columns are known; the frame's `query` is then their id.
            **options: as `Predictor.recommend` takes them.
        """
        if user_ids is None:
            return super().recommend(histories, **options)
        if histories is not None:
            raise QueryError(
                "Either `histories` or `user_ids` must be given, not both."
            )
        if isinstance(user_ids, str):
            raise QueryError(f"`user_ids` must be a list. Received: {user_ids!r}.")
        ids, profiles = read_ids("user_ids", user_ids), self._profiles()
        options.setdefault("user_text", [profiles.get(each, "") for each in ids])
        if self.config.data.people:  # nobody is recommended to themselves
            options["exclude"] = [[*options.get("exclude", ()), each] for each in ids]
        options.setdefault("user_features", self._features(ids))
        found = super().recommend([self._history(each) for each in ids], **options)
        return found.assign(query=np.array(ids, object)[found["query"]])

    def metadata(self) -> Mapping[str, Signature]:
        return self._known_model().metadata()

    def predict(self, signature: str, inputs: dict) -> dict[str, np.ndarray]:
        return self._known_model().predict(signature, inputs)

    @property
    def titles(self) -> Mapping[str, str]:
        return self._predictor.titles if self._predictor else {}

    @collecting_new_only()
    def export(
        self,
        folder: str | pathlib.Path = "saved_models",
        name: str = "tfrec",
        *,
        index: str | type[CandidateIndex] | None = None,
        verbose: bool = True,
    ) -> list[pathlib.Path]:
        """Writes the saved model as `folder/name/<version>`, for any TF Serving.

        Args:
            folder: where models are kept.
            name: what the server will call it.
            index: name in `tfrec.plugins.INDEXES` or a class of your own, to be written
                beside the exact one; None for what `export.index` says.
            verbose: as for `fit`.

        Returns:
            The version folders: with the exact index, and with the other one.

        Raises:
            ArtefactError: it cannot be written.
            ConfigError: there is no such index.
            NotBuiltError: another index is wanted of a recommender that was restored.
        """
        if self._trained is None:
            loaded = self._loaded()
            if index is not None:
                raise NotBuiltError(
                    "A restored recommender has the index that it was saved with. Call "
                    "`fit` to build another."
                )
            return [republish(loaded.folder, folder, name)]
        how, data = self.config.export, self._known_data()
        with narrated(verbose):
            return export(
                self._trained,
                folder,
                name,
                indexes=choose_indexes(index or how.index, data.interactions.num_items)
                or ["exact"],
                recall=how.recall,
                quantize=how.quantize,
                facts=manifest_facts(resolved(self.config, data), data, self._trained),
            )

    def save(self, path: str | pathlib.Path) -> None:
        """Writes the recommender as one folder: its model, its log, its settings.

        Args:
            path: of the folder, which is replaced if a recommender was saved there.
        """
        data = self._known_data()
        with replacing_folder(pathlib.Path(path), SETTINGS) as aside:
            (version,) = self._export_exact(aside)
            version.rename(aside / "model")
            version.parent.rmdir()
            for name in TABLES:
                frame = getattr(data.dataset, name).frame
                frame.to_parquet(aside / f"{name}.parquet", index=False)
            (aside / SETTINGS).write_text(to_json(self.config), encoding="utf-8")

    @classmethod
    def restore(cls, path: str | pathlib.Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            DataError: it is no such folder.
        """
        path = pathlib.Path(path)
        try:
            settings = json.loads((path / SETTINGS).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(
                f"{path} must be a folder that `Recommender.save` wrote: {error}."
            ) from error
        recommender = cls(from_dict(settings))
        tables: dict[str, Any] = {
            name: recommender._table(name, pd.read_parquet(path / f"{name}.parquet"))
            for name in TABLES
        }
        people = recommender.config.data.people
        dataset = Dataset(name=path.stem, **tables, people=people)
        recommender._data = recommender._prepared(dataset)
        recommender._predictor = LoadedModel(path / "model")
        return recommender

    def _read(self, events: Table, items: Table | None, users: Table | None) -> Dataset:
        """The `Dataset` of what `fit` was given."""
        features, people = self.config.features, self.config.data.people
        if not isinstance(events, pd.DataFrame):
            if items is None and users is None:
                if str(events) in DATASETS:
                    public = load_dataset(str(events), features=features)
                    return with_people(public, people)
                if pathlib.Path(events).is_dir():
                    return read_with_words(events, self.config.data, features)
            name = pathlib.Path(events).stem
        else:
            name = "log"
        given = {"events": events, "items": items, "users": users}
        tables: dict[str, Any] = {
            each: self._table(each, raw) for each, raw in given.items()
        }
        return dataset_of(name, **tables, people=people)

    def _prepared(self, dataset: Dataset) -> RunData:
        return prepare(dataset, self.config)

    def _table(self, name: str, raw: Table | None) -> Any:
        columns = self.config.data.columns
        features = self.config.features.columns(SIDE_OF[name])
        if raw is None:
            raw = pd.DataFrame({f"{name.removesuffix('s')}_id": []})
        if not isinstance(raw, pd.DataFrame):
            return READERS[name](raw, columns, features=features)
        ours = {theirs: our for our, theirs in columns.items() if theirs in raw}
        return TABLES[name](raw.rename(columns=ours), features)

    @contextlib.contextmanager
    def _recipe(
        self, data: RunData, report: Any, **evaluation: Any
    ) -> Iterator[Recipe]:
        """Context of the `Recipe` for a log, with a folder for its checkpoints."""
        judging = dataclasses.replace(self.config.evaluation, **evaluation)
        config = dataclasses.replace(self.config, evaluation=judging)
        config = resolved(config, data)
        set_up(config)
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name, "run")
            recipe = make_recipe(config, data, folder, report=report)
            yield dataclasses.replace(
                recipe, cache=CatalogueCache(cache_folder() / "texts")
            )

    def _known_data(self) -> RunData:
        if self._data is None:
            raise NotBuiltError("The recommender has no log yet. Call `fit`.")
        return self._data

    def _known_model(self) -> Predictor:
        if self._predictor is None:
            raise NotBuiltError("The recommender has learnt nothing yet. Call `fit`.")
        return self._predictor

    def _loaded(self) -> LoadedModel:
        if not isinstance(self._predictor, LoadedModel):
            raise NotBuiltError("There is no model to export. Call `fit` first.")
        return self._predictor

    def _export_exact(self, folder: pathlib.Path) -> list[pathlib.Path]:
        if self._trained is None:
            return [republish(self._loaded().folder, folder, "saved")]
        data = self._known_data()
        facts = manifest_facts(resolved(self.config, data), data, self._trained)
        return export(self._trained, folder, "saved", facts=facts)

    def _profiles(self) -> dict[str, str]:
        frame = self._known_data().dataset.users.frame
        return dict(zip(frame["user_id"], frame["text"], strict=True))

    def _features(self, user_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Feature columns of users of the log, as requests bring them."""
        columns = self.config.features.used_for("towers", "users")
        people = self._known_data().dataset.users.frame.set_index("user_id")
        people = without_gaps(people.reindex(np.array(user_ids, object)))
        return given_features(people, columns)

    def _history(self, user_id: str) -> History:
        """The latest events of a user of the log."""
        data = self._known_data()
        rows = data.rows_of.get(user_id)
        if rows is None:
            raise QueryError(
                "`user_ids` must be users of the log that was learnt from; for others, "
                f"give `histories`. Received: {user_id!r}."
            )
        if data.interactions.prerequisites is None:  # else, all that was met counts
            rows = rows[-self.config.model.max_history_length :]
        columns = data.dataset.events.frame.iloc[rows]
        names = [name for name in FIELDS if name in columns]  # logs may have no texts
        return History.of(list(columns[names].itertuples(index=False, name=None)))
