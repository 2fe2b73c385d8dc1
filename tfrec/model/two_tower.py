"""The two-tower model: a `keras.Model` over windows of the log."""

import functools

import keras
import numpy as np
import tensorflow as tf

from tfrec.data.packing import end_queries
from tfrec.data.repeats import learns_repeats, without_other_targets
from tfrec.errors import NotBuiltError
from tfrec.index.brute_force import BruteForceIndex
from tfrec.model.blend import weigh
from tfrec.model.blocks import first_form, make_blocks, teachable
from tfrec.model.candidate_set import CandidateSet
from tfrec.model.candidate_tower import CandidateTower
from tfrec.model.catalogue import category_matrix, make_catalogue
from tfrec.model.embedding import Embedding
from tfrec.model.event_kinds import event_kinds
from tfrec.model.first_ids import first_ids
from tfrec.model.history import History, value_scale
from tfrec.model.inference import Inference
from tfrec.model.interest_head import InterestHead
from tfrec.model.objective import interest_loss, retrieval_loss
from tfrec.model.query_tower import QueryTower
from tfrec.model.searches import made_up_searches
from tfrec.model.texts import TextTable, profile_texts
from tfrec.model.weighting import Weighting
from tfrec.model.words import Words
from tfrec.progress import tracked

MAX_SAMPLE = 2000  # real queries kept, for tuning an index and proving an export
PROFILE_SHARE = 0.5  # of the windows that see the user's profile


class TwoTower(keras.Model):
    """Text-native two-tower recommender with a sigmoid interest head.

    Queries come from the live history, the profile text, a free-text query and the
    clock; candidates from text, categories and id. `adapt` shows the model its
    catalogue and log; then it trains like any `keras.Model`, on the batches of
    `tfrec.data.windows.training_windows`.

    Args:
        config: `Config`.
    """

    def __init__(self, config, **kwargs):
        super().__init__(autocast=False, **kwargs)  # values and weights stay exact
        self.config = config
        self.seeds = keras.random.SeedGenerator(config.train.seed)

    def adapt(self, interactions, items, users=None, text_encoder=None, cache=None):
        """Fixes everything that depends on the data, and creates the weights.

        Args:
            interactions: `Interactions` to learn from.
            items: `Items`, in the order of `interactions.item_ids`.
            users: `Users` with profile texts, or None.
            text_encoder: layer of `tfrec.text`, or None for items without text.
            cache: `CatalogueCache` of text vectors, or None to encode anew.

        Returns:
            The model itself.
        """
        self.catalogue = make_catalogue(items, interactions)
        self.allow_repeats = learns_repeats(interactions, self.config.data.repeats)
        self.has_id = tf.constant(self.catalogue.has_id)
        self.kinds = event_kinds(interactions)
        self.standardise = value_scale(interactions)
        self.category_names = self.catalogue.category_names()
        self.categories = tf.constant(
            category_matrix(self.catalogue.categories, self.category_names)
        )
        self.text_encoder = text_encoder
        self.words = functools.cache(self._learn_words)  # size -> `Words`
        words = self.words(self.config.model.lexical_dim) if text_encoder else None
        self.item_texts = TextTable(self.catalogue.texts, text_encoder, cache, words)
        profiles = profile_texts(users, interactions.user_ids)
        self.profile_texts = TextTable(profiles, text_encoder, cache, words)
        self.sample_queries = end_queries(interactions, MAX_SAMPLE)
        self.blocks, self.weighting = [], Weighting(blocks=np.ones(1, np.float32))
        self._make_layers()
        self.candidate_tower.id_table.assign_add(
            first_ids(
                interactions, self.config.model.embedding_dim, self.config.train.seed
            )
        )
        return self

    def _learn_words(self, dim):
        return Words(self.catalogue.texts, dim, self.config.train.seed)

    def fit_blocks(
        self, interactions, form=None, names=None, weighting=None, fitted=()
    ):
        """Fits closed-form blocks.

        Args:
            interactions: the `Interactions` that the towers learn from.
            form: `BlockForm`, or None for the first choice.
            names: list of the blocks' names, or None for those of `model.blocks` that
                the log can teach.
            weighting: `Weighting` of towers and blocks, whose blocks of weight 0 are
                left out of the model; or None for equal weights.
            fitted: list of `Block`s of this log and form, which are not fitted again.

        Returns:
            The model itself.
        """
        if names is None:
            names = teachable(self.config.model.blocks, interactions)
        form = form or first_form(self.config)
        blocks = make_blocks(self.config, names, form, self.words)
        if weighting is None:
            weighting = Weighting(blocks=np.ones(len(blocks) + 1, np.float32))
        interactions = without_other_targets(interactions, self.allow_repeats)
        of_interest = self.kinds.interactions_of_interest(interactions)
        texts, ready = self.item_texts.vectors, {block.name: block for block in fitted}
        counting = zip(blocks, weighting.asked[1:], strict=True)
        self.blocks = [
            ready.get(block.name)
            or block.fit(
                interactions if block.hears_dislikes else of_interest,
                self.catalogue,
                texts,
            )
            for block in tracked([b for b, w in counting if w != 0], "Fitting blocks")
        ]
        self.weighting = weighting.without_useless()
        return self

    def weigh_blocks(self, queries):
        """Chooses the weights of towers and blocks.

        Args:
            queries: `Queries` from after the events that the model learnt from.

        Returns:
            What they reach: `tfrec.model.blend.Reached`.
        """
        embedding = self.embedding()
        self.weighting, reached = weigh(embedding, queries, self.allow_repeats)
        return reached

    def embedding(self):
        """Towers and blocks as one `Embedding`, as they are now."""
        return Embedding(self, self.blocks, self.weighting)

    def recommend(self, histories, k=10, exclude=()):
        """Recommendations for histories, computed as the saved model does.

        Args:
            histories: list of lists of item ids, oldest first.
            k: int.
            exclude: item ids that nobody is to get.

        Returns:
            `(item_ids, scores, probabilities)`, arrays `[len(histories), k]`.
        """
        embedding = self.embedding()
        index = BruteForceIndex().build(self.catalogue.item_ids, embedding.candidates)
        inference = Inference(embedding, index, max_interest_norm=1.0)
        return inference.recommend_ids(histories, k, exclude)

    def _make_layers(self):
        model = self.config.model
        # === Layers ===
        self.candidate_tower = CandidateTower(
            model.embedding_dim,
            self.catalogue.num_items,
            len(self.category_names),
            model.id_dropout,
            model.dropout,
            name="candidate_tower",
        )
        self.query_tower = QueryTower(model, self.kinds, name="query_tower")
        self.text_query = keras.layers.Dense(
            model.embedding_dim, use_bias=False, name="text_query"
        )
        self.interest_head = InterestHead(name="interest_head")
        self.candidate_set = CandidateSet(
            self.catalogue.num_events, self.config.train.num_negatives, self.seeds
        )
        # === Weights ===
        empty = tf.zeros([2, 2])
        rows = tf.zeros([2, 2], tf.int32)
        batch = {
            "user_rows": rows[:, 0],
            "item_rows": rows,
            "event_rows": rows,
            "values": empty,
            "timestamps": tf.zeros([2, 2], tf.int64),
            "context": rows,
        }
        self.built = True  # by the call itself: there is no input shape to build from
        self(batch)
        self.text_query(tf.zeros([1, self.item_texts.vectors.shape[1]]))

    def candidates(self, rows, texts=None, training=False):
        """Vectors of catalogue rows.

        Args:
            rows: `[n]` int tensor.
            texts: `[num_items, text_dim]` float tensor, or None for the table's.

        Returns:
            `[n, embedding_dim]` float tensor.
        """
        if not hasattr(self, "candidate_tower"):
            raise NotBuiltError("The model has no catalogue. Call `adapt` first.")
        texts = self.item_texts.vectors if texts is None else texts
        return self.candidate_tower(
            tf.gather(texts, rows),
            tf.gather(self.categories, rows),
            rows,
            tf.gather(self.has_id, rows),
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
            `candidates`; the interest head's logits of the targets and of sampled
            items, `[batch, length]`.
        """
        item_rows = batch["item_rows"]
        rows, places = self.candidate_set(item_rows)
        texts = self.item_texts(item_rows, training=training)
        candidates = self.candidates(rows, texts, training=training)
        item_vectors = tf.gather(candidates, places)
        queries, _ = self.query_tower(
            item_vectors,
            self._history(batch),
            batch["context"],
            batch["timestamps"],
            self._profiles(batch["user_rows"], training),
            training=training,
        )
        if training:
            queries += made_up_searches(self.text_query, texts, item_rows, self.seeds)
        others = keras.random.randint(
            tf.shape(places), 0, tf.size(rows), seed=self.seeds
        )
        return {
            "queries": queries,
            "candidate_rows": rows,
            "candidates": candidates,
            "targets": places,
            "interest_logits": self.interest_head(queries, item_vectors),
            "sampled_logits": self.interest_head(
                queries, tf.gather(candidates, others)
            ),
        }

    @property
    def learnt_variables(self):
        """Variables that training changes: all but a frozen text tower's."""
        frozen = self.text_encoder if not self.item_texts.learns else None
        skipped = {id(v) for v in (frozen.variables if frozen else ())}
        return [v for v in self.variables if id(v) not in skipped]

    def refresh_texts(self):
        """Encodes all texts with a text tower that has learnt since."""
        for table in (self.item_texts, self.profile_texts):
            table.refresh()

    def _history(self, batch):
        return History(
            batch["item_rows"],
            batch["event_rows"],
            self.standardise(batch["values"]),
            batch["timestamps"],
        )

    def _profiles(self, user_rows, training):
        profiles = tf.gather(self.profile_texts.vectors, user_rows)
        if training:  # the model must also serve users without a profile
            drawn = keras.random.uniform([tf.shape(profiles)[0], 1], seed=self.seeds)
            profiles *= tf.cast(drawn < PROFILE_SHARE, tf.float32)
        return profiles

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):
        """Softmax over the candidates plus the interest head's cross-entropy."""
        config = self.config
        log_q = self.candidate_set.log_q(y_pred["candidate_rows"], x["item_rows"])
        temperature = config.model.temperature
        retrieval = retrieval_loss(x, y_pred, self.has_id, log_q, temperature)
        return retrieval + config.train.interest_weight * interest_loss(x, y_pred)
