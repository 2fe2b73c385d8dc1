"""The two-tower model: a `keras.Model` over windows of the log."""

import functools

import keras
import tensorflow as tf

from tfrec.data.history import HistoryBatch, latest
from tfrec.data.windows import smallest_batch
from tfrec.errors import ConfigError, NotBuiltError
from tfrec.graphs import private_graph
from tfrec.text.bm25_vectors import Words
from tfrec.text.precomputed import given_vectors
from tfrec.towers.adapted_state import adapted_state
from tfrec.towers.assets import read_state, read_texts, write_state, write_texts
from tfrec.towers.candidate_set import CandidateSet
from tfrec.towers.candidate_tower import CandidateTower
from tfrec.towers.catalogue import category_matrix
from tfrec.towers.history_encoder import make_history_encoder
from tfrec.towers.interest_head import InterestHead
from tfrec.towers.losses import interest_loss, retrieval_loss
from tfrec.towers.model_features import ModelFeatures
from tfrec.towers.model_texts import ModelTexts
from tfrec.towers.query_augmentation import augmented_queries
from tfrec.towers.query_tower import QueryTower, query_signature
from tfrec.towers.spectral_init import spectral_ids
from tfrec.towers.written_queries import written_queries

OWN = (  # arguments, as `get_config` tells them
    *("embedding_dim", "history_encoder", "num_layers", "num_heads", "window_length"),
    *("max_history_length", "features", "dropout", "id_dropout", "temperature"),
    *("num_negatives", "interest_weight", "bm25_dim", "bm25_k1", "bm25_b"),
    *("spectral_smoothing", "repeats", "seed"),
)
PROFILE_SHARE = 0.5  # of the windows that see the user's profile


@keras.saving.register_keras_serializable("tfrec")
class TwoTower(keras.Model):
    """Text-native two-tower recommender with a sigmoid interest head.

    Queries come from the live history, the profile text, a free-text query and the
    clock; candidates from text, categories and id. `adapt` shows the model its
    catalogue and log; then it trains like any `keras.Model`, on the batches of
    `tfrec.data.windows.training_windows`, and is saved like any: `.keras` holds what
    `adapt` learnt as well, the events of a sample of users among it.

    Args:
        embedding_dim: int, of queries and candidates.
        history_encoder: `"attention"` or `"lstm"`.
        num_layers: int, of the history encoder.
        num_heads: int, of its attention; divides `embedding_dim`.
        window_length: int, the latest events that the query tower reads; where the log
            has no times it reads as many as the scorers.
        max_history_length: int, the latest events that scorers beside it read.
        features: names of what it reads beside the items: `"event"`, `"value"`,
            `"time"`, `"profile"`, `"texts"` of events.
        dropout: float, share of activations.
        id_dropout: float, share of items whose id part is dropped in training.
        temperature: float of the softmax; scores are divided by it.
        num_negatives: int, items drawn in each step; 0 for all, if they are few.
        interest_weight: float, of the interest head's loss beside the softmax.
        bm25_dim: int, directions of the words that follow a text's vector.
        bm25_k1: float, at least 0: how many repetitions of a word still count.
        bm25_b: float in [0, 1], how much the words of long texts are discounted.
        spectral_smoothing: positive float, as `spectral_ids` takes it.
        repeats: `"never"`, `"allowed"` or `"auto"`: whether items may come again.
        seed: int.
    """

    def __init__(
        self,
        *,
        embedding_dim=64,
        history_encoder="attention",
        num_layers=1,
        num_heads=2,
        window_length=50,
        max_history_length=500,
        features=("event", "value", "time", "profile", "texts"),
        dropout=0.3,
        id_dropout=0.5,
        temperature=1.0,
        num_negatives=0,
        interest_weight=0.2,
        bm25_dim=256,
        bm25_k1=1.2,
        bm25_b=0.75,
        spectral_smoothing=5.0,
        repeats="auto",
        seed=42,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)  # values and weights stay exact
        self.embedding_dim, self.history_encoder = embedding_dim, history_encoder
        self.num_layers, self.num_heads = num_layers, num_heads
        self.window_length, self.max_history_length = window_length, max_history_length
        self.features = tuple(features)
        self.dropout, self.id_dropout = dropout, id_dropout
        self.temperature, self.num_negatives = temperature, num_negatives
        self.interest_weight, self.repeats, self.seed = interest_weight, repeats, seed
        self.bm25_dim, self.bm25_k1, self.bm25_b = bm25_dim, bm25_k1, bm25_b
        self.spectral_smoothing = spectral_smoothing
        self.seeds = keras.random.SeedGenerator(seed)

    def get_config(self):
        return {**super().get_config(), **{name: getattr(self, name) for name in OWN}}

    def adapt(
        self,
        interactions,
        items,
        users=None,
        text_encoder=None,
        cache=None,
        query_text_encoder=None,
    ):
        """Fixes everything that depends on the data, and creates the weights.

        Args:
            interactions: `Interactions` to learn from.
            items: `Items`, in the order of `interactions.item_ids`.
            users: `Users` with profile texts, or None.
            text_encoder: layer of `tfrec.text`, or None for items without text.
            cache: `CatalogueCache` of text vectors, or None to encode anew.
            query_text_encoder: layer, of the same size, for what people write; None
                for the items' own.

        Returns:
            The model itself.

        Raises:
            ConfigError: the model has its catalogue already.
        """
        if self._is_adapted:
            raise ConfigError(
                "`adapt` must be called once, because the layers have the sizes of the "
                "data. Make a new `TwoTower` for another log."
            )
        state = adapted_state(interactions, items, users, self.repeats)
        self._take(state)
        words = self.words(self.bm25_dim) if text_encoder else None
        how = {"words": words, "item_vectors": given_vectors(items, text_encoder)}
        self._make_texts(text_encoder, query_text_encoder, cache=cache, **how)
        self._make_layers()
        self.candidate_tower.id_table.assign_add(
            spectral_ids(
                interactions, self.embedding_dim, self.seed, self.spectral_smoothing
            )
        )
        return self

    def _take(self, state, words=None):
        """Sets what is known before texts are encoded.

        Args:
            state: `AdaptedState`.
            words: `Words` of `bm25_dim`, or None to learn them when they are needed.
        """
        self.state = state
        self.catalogue, self.kinds = state.catalogue, state.kinds
        self.standardise, self.allow_repeats = state.standardise, state.allow_repeats
        self.sample_queries = state.sample_queries
        self.possible = self.catalogue.possible_items(state.has_times)
        self.category_names = self.catalogue.category_names()
        self.categories = tf.constant(
            category_matrix(self.catalogue.labels, self.category_names)
        )
        known = {} if words is None else {self.bm25_dim: words}
        # Behind a function, because Keras would track a dict.
        self.words = functools.cache(functools.partial(self._find_words, known))

    def _find_words(self, known, dim):
        """The `Words` of the catalogue of a size."""
        if dim in known:
            return known[dim]
        words = Words(self.bm25_k1, self.bm25_b)
        return words.fit(self.catalogue.texts, dim, self.seed)

    def save_assets(self, folder):
        """Writes what `adapt` learnt; Keras calls it where a model is saved.

        Raises:
            NotBuiltError: there is no catalogue yet.
            ConfigError: the text encoder is a function.
        """
        self._check_adapted()
        write_state(self.state, folder)
        words = self.words(self.bm25_dim) if self.text_encoder else None
        tables = self.texts.tables.items()
        encoders = [*dict.fromkeys(self.texts.encoders)]
        write_texts(encoders, words, {name: t.vectors for name, t in tables}, folder)

    def load_assets(self, folder):
        """Reads what `save_assets` wrote; Keras then loads the weights."""
        encoders, words, vectors = read_texts(folder)
        self._take(read_state(folder), words)
        self._make_texts(*encoders, vectors=vectors)
        self._make_layers()
        if getattr(self, "optimizer", None) is not None:
            self.optimizer.build(self.trainable_variables)

    def _make_texts(self, *encoders, **how):
        state = self.state
        texts = (self.catalogue.texts, state.profile_texts, state.event_texts)
        self.texts = ModelTexts(*texts, *encoders, **how)
        self.text_encoder, self.query_text_encoder = self.texts.encoders

    @property
    def has_profiles(self):
        """Whether the log has taught the towers what profiles say."""
        return "profile" in self.features and self.state.has_profiles

    @property
    def has_event_texts(self):
        """Whether it has taught them what people write says."""
        return "texts" in self.features and len(self.state.event_texts) > 0

    @property
    def _is_adapted(self):
        return hasattr(self, "candidate_tower")

    def _check_adapted(self):
        if not self._is_adapted:
            raise NotBuiltError("The model has no catalogue. Call `adapt` first.")

    def _make_layers(self):
        self.candidate_tower = CandidateTower(
            self.embedding_dim,
            self.catalogue.num_items,
            len(self.category_names),
            self.id_dropout,
            self.dropout,
            name="candidate_tower",
        )
        encoder = make_history_encoder(
            self.history_encoder if self.state.has_times else None,
            self.embedding_dim,
            self.num_layers,
            self.num_heads,
            self.dropout,
        )
        self.num_read = self.window_length if encoder else self.max_history_length
        self.query_tower = QueryTower(
            self.embedding_dim,
            encoder,
            self.kinds.speaks,
            self.features,
            self.dropout,
            name="query_tower",
        )
        self.text_query = keras.layers.Dense(
            self.embedding_dim, use_bias=False, name="text_query"
        )
        how = (self.embedding_dim, self.dropout)
        self.columns = ModelFeatures(self.state, *how, name="columns")
        self.interest_head = InterestHead(name="interest_head")
        self.candidate_set = CandidateSet(
            self.catalogue.num_events, self.num_negatives, self.seeds
        )
        # One graph for all who ask; made here, since it holds these layers.
        self.plain_queries = private_graph(
            self._plain_queries, input_signature=query_signature(self.embedding_dim)
        )
        self._make_weights()

    def _make_weights(self):
        self.built = True  # by the call itself: there is no input shape to build from
        self(smallest_batch(len(self.state.coders["context"].columns)))
        self.text_query(tf.zeros([1, self.texts.dim]))

    def candidates(self, rows, texts=None, training=False):
        """Vectors of catalogue rows.

        Args:
            rows: `[n]` int tensor.
            texts: `[num_items, text_dim]` float tensor, or None for the table's.

        Returns:
            `[n, embedding_dim]` float tensor.
        """
        self._check_adapted()
        texts = self.texts.items.vectors if texts is None else texts
        return self.candidate_tower(
            tf.gather(texts, rows),
            tf.gather(self.categories, rows),
            rows,
            tf.gather(self.possible.has_id, rows),
            self.columns.of_items(rows, training=training),
            training=training,
        )

    def all_candidates(self):
        """Vectors of the whole catalogue, `[num_items, embedding_dim]` float32."""
        every_row = tf.range(self.catalogue.num_items)
        return tf.cast(self.candidates(every_row), tf.float32)

    def call(self, batch, training=False):
        """Queries of all places of a batch of windows, and what they are to find.

        Args:
            batch: dict as `training_windows` gives it.

        Returns:
            Dict: `queries` `[batch, length, dim]`; `candidate_rows` `[n]` and their
            `candidates` `[n, dim]`; `targets` `[batch, length]`, places in
            `candidates`, and `sampled`, others; the interest head's logits of both.
        """
        item_rows = batch["item_rows"]
        rows, places = self.candidate_set(item_rows)
        texts = self.texts.items(item_rows, training=training)
        candidates = self.candidates(rows, texts, training=training)
        item_vectors = tf.gather(candidates, places)
        queries, _ = self.query_tower(
            item_vectors,
            self._history(batch),
            batch["context"],
            batch["timestamps"],
            self._profiles(batch["user_rows"], training),
            self.columns.of_asking(
                batch["user_rows"], batch["context_rows"], training=training
            ),
            training=training,
        )
        if self.has_event_texts and "text_rows" in batch:
            queries += self._written(batch, training)
        if training:
            if self.texts.searches is not self.texts.items:
                texts = self.texts.searches(item_rows, training=True)
            queries += augmented_queries(self.text_query, texts, item_rows, self.seeds)
        others = keras.random.randint(
            tf.shape(places), 0, tf.size(rows), seed=self.seeds
        )
        sampled = tf.gather(candidates, others)
        return {
            "queries": queries,
            "candidate_rows": rows,
            "candidates": candidates,
            "targets": places,
            "interest_logits": self.interest_head(queries, item_vectors),
            "sampled": others,
            "sampled_logits": self.interest_head(queries, sampled),
        }

    def _plain_queries(self, history, now, user_rows, context, candidates):
        """Queries of histories, profiles and columns alone, `[batch, dim]` float32.

        Args:
            history: `HistoryBatch`.
            now: `[batch]` int64 tensor, UTC seconds.
            user_rows: `[batch]` int tensor.
            context: `[batch, C]` int32 tensor, as `Queries.context_rows`.
            candidates: `[num_items, dim]` float tensor, as `all_candidates` gives it.
        """
        history, _ = latest(history, self.num_read)
        queries, _ = self.query_tower(
            tf.gather(candidates, tf.maximum(history.item_rows, 0)),
            history,
            history.lengths[:, None],
            now[:, None],
            tf.gather(self.texts.profiles.vectors, user_rows),
            self.columns.of_asking(user_rows, context[:, None]),
        )
        return tf.cast(queries[:, 0], tf.float32)

    @property
    def learnt_variables(self):
        """Variables that training changes: all but a frozen text tower's."""
        skipped = {id(v) for v in self.texts.frozen_variables}
        return [v for v in self.variables if id(v) not in skipped]

    def _history(self, batch):
        return HistoryBatch(
            batch["item_rows"],
            batch["event_rows"],
            self.standardise(batch["values"]),
            batch["timestamps"],
        )

    def _profiles(self, user_rows, training):
        table = self.texts.profiles(user_rows, training=training)
        profiles = tf.gather(table, user_rows)
        if training:  # the model must also serve users without a profile
            drawn = keras.random.uniform([tf.shape(profiles)[0], 1], seed=self.seeds)
            profiles *= tf.cast(drawn < PROFILE_SHARE, tf.float32)
        return profiles

    def _written(self, batch, training):
        """What the events' texts add to the queries."""
        table = self.texts.events(batch["text_rows"], training=training)
        rows, weights = batch["text_rows"], batch["text_weights"]
        return written_queries(self.text_query, table, rows, weights)

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):
        """Softmax over the candidates plus the interest head's cross-entropy."""
        log_q = self.candidate_set.log_q(y_pred["candidate_rows"], x["item_rows"])
        retrieval = retrieval_loss(x, y_pred, self.possible, log_q, self.temperature)
        interest = interest_loss(x, y_pred, self.possible)
        return retrieval + self.interest_weight * interest
