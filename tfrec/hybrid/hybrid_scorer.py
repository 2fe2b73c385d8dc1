"""Towers and scorers as one inner product: `[neural | scorers | bias | new]`."""

import numpy as np
import tensorflow as tf

from tfrec.data.history import latest
from tfrec.hybrid.live_popularity import live_popularity
from tfrec.hybrid.text_match import text_match
from tfrec.linear.repeat_consumption import repeat_features
from tfrec.variables import table, take_rows

NUM_LAST = 3  # columns for bias, level of new items and their exposure
READ_ALONE = ("neural", "rating_factors")  # parts that probabilities are made of


class HybridScorer(tf.Module):
    """Both sides of the inner product, as tensors of the whole embedding.

    The candidates' side is stored twice. `candidates`, `[num_items, dim]`, has the
    weights in it and is searched; `unscaled`, `[neural | rating factors | is new]`, is
    what histories and probabilities read, as towers and scorer gave it.

    Args:
        model: trained `TwoTower`.
        scorers: list of fitted `Scorer`s.
        weighting: `Weights`.
        popularity: fitted `PopularityScorer` that live counts are compared with, of
            `scorers` or beside them; or None if they do not count.

    Attributes:
        live: `LivePopularity`, or None if live counts do not count.
        text_match: `TextMatch` that ranks what a search finds, or None without texts.
    """

    def __init__(self, model, scorers, weighting, popularity=None):
        super().__init__(name="embedding")
        self.model, self.scorers, self.weights = model, scorers, weighting
        self.neural_dim = model.embedding_dim
        self._places = _places(self.neural_dim, scorers)
        parts = [model.all_candidates(), *(scorer.candidates for scorer in scorers)]
        everything = self._candidates(parts, model.catalogue.is_new)
        self.candidates = table(everything)
        self._mean = tf.reduce_mean(everything, axis=0)
        self.unscaled = table(self._unscaled(parts, model.catalogue.is_new))
        self.text_match = text_match(model, scorers, weighting.search)
        self.live = live_popularity(popularity, weighting.live)

    @property
    def dim(self):
        """Size of the embedding."""
        return self.candidates.shape[1]

    @property
    def memory_dim(self):
        """Numbers of what having met an item says; see `new_items`."""
        return sum(self._memory_dims)

    @property
    def _memory_dims(self):
        """Of the unscaled parts, the learnt level, each scorer, the text's match."""
        dims = [scorer.memory_dim for scorer in self.scorers]
        of_text = 0 if self.text_match is None else self.text_match.dim
        of_live = 0 if self.live is None else 1
        return [self.unscaled.shape[1], of_live, *dims, of_text]

    def query(self, history, now, profiles, written=None, fresh=None, about=None):
        """Interest vectors and the events' attention weights.

        Args:
            history: `HistoryBatch`.
            now: `[batch]` int64 tensor, UTC seconds; 0 = right after the last event.
            profiles: `[batch, text_dim]` float tensor, zeros for none.
            written: `WrittenTexts`, what the users wrote, or None.
            fresh: `NewItemTier` that histories may hold, or None.
            about: `[batch, 1, dim]` float tensor, as `ModelFeatures` gives it, or None
                where nothing is known of who asks and how.

        Returns:
            `(interest, weights)`: `[batch, dim]` and `[batch, length]` tensors.
        """
        if about is None:
            about = self.model.columns.of_request({}, now)
        neural, weights = self._neural_query(history, now, profiles, fresh, about)
        return self.interest(neural, history, now, written, fresh), weights

    def interest(self, neural, history, now, written=None, fresh=None):
        """The whole query's side, of the towers' `[batch, neural_dim]` part of it."""
        parts = [neural]
        of_interest = self.model.kinds.of_interest(history)
        for scorer, memory in zip(self.scorers, self._memories(fresh), strict=True):
            read = history if scorer.reads_dislikes else of_interest
            parts.append(scorer.query(read, now, memory))
        interest = self._weighted(parts)
        if written is not None:
            interest += self.said(written)
        how = self.weights
        last = tf.constant([[how.bias, how.new_level, how.new_item_boost]])
        last = tf.repeat(last, tf.shape(neural)[0], axis=0)
        return tf.concat([interest, last], axis=1)

    def said(self, written):
        """What `WrittenTexts` add to the query's side, `[batch, dim - 3]`."""
        said = written.each_of(self.model, self.scorers)
        return self._weighted([tf.reduce_sum(each, axis=1) for each in said])

    def _weighted(self, parts):
        """The query's side of all parts, with their weights in it."""
        pairs = zip(parts, self.weights.query_weights, strict=True)
        return tf.concat([part * weight for part, weight in pairs], axis=1)

    @property
    def has_repeats(self):
        """Whether an item's own past counts, beside the inner product."""
        return any(self.weights.repeat)

    def repeat_bonus(self, history, rows):
        """What a user's past with items adds to their inner products.

        Args:
            history: `HistoryBatch`.
            rows: `[batch, n]` int32 tensor, -1 for none.

        Returns:
            `[batch, n]` float tensor, 0 for items that the history does not hold.
        """
        features = repeat_features(
            self.model.kinds.of_interest(history), rows, self.model.state.has_times
        )
        return tf.linalg.matvec(features, tf.constant(self.weights.repeat, tf.float32))

    def _memories(self, fresh):
        """What having met new items says: a part for each scorer, or None."""
        if fresh is None:
            return [None] * len(self.scorers)
        return tf.split(fresh.memories, self._memory_dims, axis=1)[2:-1]

    def _neural_query(self, history, now, profiles, fresh, about):
        window, places = latest(history, self.model.num_read)
        vectors = self._neural(window.item_rows, fresh)
        queries, weights = self.model.query_tower(
            vectors, window, window.lengths[:, None], now[:, None], profiles, about
        )
        places = tf.one_hot(places, tf.shape(history.item_rows)[1])
        weights = tf.matmul(_float32(weights), places)  # 0 for events before the window
        return _float32(queries[:, 0]), weights[:, 0]

    def vectors(self, rows, fresh=None):
        """Candidates' vectors by rows.

        Args:
            rows: int32 tensor of any shape; -1 reads row 0.
            fresh: `NewItemTier`, whose rows follow those of the catalogue, or None.

        Returns:
            `[..., dim]` float tensor.
        """
        return take_rows(
            self.candidates, None if fresh is None else fresh.vectors, rows
        )

    def unscaled_vectors(self, rows, fresh=None):
        """The same rows of `unscaled`: `[..., neural_dim + num_factors + 1]`."""
        size = self.unscaled.shape[1]
        new = None if fresh is None else fresh.memories[:, :size]
        return take_rows(self.unscaled, new, rows)

    def live_bonus(self, rows, counts, now, fresh=None):
        """What live counts add to scores, as `LivePopularity.bonus`."""
        parts = fresh and tf.split(fresh.memories, self._memory_dims, axis=1)
        return self.live.bonus(rows, counts, now, parts and parts[1])

    def no_searches(self, num_queries):
        """As `text_match.queries` of no text: `[num_queries, n]`, zeros."""
        size = 0 if self.text_match is None else self.text_match.query_dim
        return tf.zeros([num_queries, size])

    def text_matches(self, searches, rows, fresh=None):
        """How like searches the texts of candidates are, weighted.

        Args:
            searches: `[batch, n]` float tensor, as `text_match.queries` gives it.
            rows: `[batch or 1, n]` int32 tensor; -1 reads row 0.
            fresh: `NewItemTier`, whose rows follow those of the catalogue, or None.

        Returns:
            `[batch, n]` float tensor.
        """
        match = self.text_match
        if fresh is None:
            return match.likeness(searches, rows)
        memories = zip(self.scorers, self._memories(fresh), strict=True)
        words = [memory for scorer, memory in memories if scorer is match.words]
        vectors = fresh.memories[:, -match.dim :]
        return match.likeness(searches, rows, vectors, *words)

    def _neural(self, rows, fresh):
        return self.unscaled_vectors(rows, fresh)[..., : self.neural_dim]

    def new_items(
        self, texts, text_vectors, categories, search_vectors=None, features=None
    ):
        """What a model says of items that are not in the catalogue.

        Args:
            texts: `[n]` string tensor, as `join_item_texts` gives them.
            text_vectors: `[n, text_dim]` float tensor.
            categories: `[n, num_categories]` float tensor, rows as in
                `CandidateTower`.
            search_vectors: `[n, text_dim]` float tensor of the texts by the encoder of
                what people write, or None where it is the items' own.
            features: `Said` of their feature columns, or None for none.

        Returns:
            `(vectors, memories)`: `[n, dim]`, the candidates' side, and
            `[n, memory_dim]`, `unscaled`, what live counts are compared with, what
            having met them says, scorer by scorer, and what searches are compared with.
        """
        num_items = tf.shape(texts)[0]
        neural = self.model.candidate_tower(
            text_vectors,
            categories,
            tf.fill([num_items], -1),
            tf.fill([num_items], False),
            features,
        )
        parts = [scorer.new_candidates(texts, text_vectors) for scorer in self.scorers]
        parts = [_float32(neural), *parts]
        has_content = (texts != "") | tf.reduce_any(categories != 0, axis=1)
        if features is not None:
            has_content |= features.is_known
        memories = [scorer.new_memories(texts, text_vectors) for scorer in self.scorers]
        if self.live is not None:
            memories = [self.live.new_levels(texts, text_vectors), *memories]
        memories = [self._unscaled(parts, has_content), *memories]
        if self.text_match is not None:
            found = text_vectors if search_vectors is None else search_vectors
            memories.append(self.text_match.units(found))
        return self._candidates(parts, has_content), tf.concat(memories, axis=1)

    def _unscaled(self, parts, is_new):
        """What is read of the parts one by one, and whether the item is new."""
        numbers = [self._places[n][0] for n in READ_ALONE if n in self._places]
        is_new = tf.cast(is_new, tf.float32)[:, None]
        return tf.concat([*(parts[number] for number in numbers), is_new], axis=1)

    def _candidates(self, parts, is_new):
        """The candidates' side of the parts, `[n, size]` each, for `[n]` new or not."""
        is_new = tf.cast(is_new, tf.float32)[:, None]
        pairs = zip(parts, self.weights.candidate_scale.T.tolist(), strict=True)
        parts = [
            part * (share + is_new * (of_new - share))
            for part, (share, of_new) in pairs
        ]
        return tf.concat([*parts, tf.ones_like(is_new), is_new, is_new], axis=1)

    def probabilities(self, interest, unscaled, scores):
        """P(interest | user, item, now), calibrated.

        Args:
            interest: `[batch, dim]` float tensor.
            unscaled: `[batch or 1, n, size]` float tensor of candidates, as
                `unscaled_vectors` gives it.
            scores: `[batch, n]` float tensor, inner products.

        Returns:
            `[batch, n]` float tensor.
        """
        how = self.weights
        head, rating = self.ratings(interest, unscaled)
        scores -= interest[:, None, -1] * unscaled[..., -1]  # no sign of interest
        logits = how.head_slope * head + how.rating_slope * rating
        return tf.sigmoid(logits + how.score_slope * scores + how.intercept)

    def probabilities_of_texts(self, interest, vectors, memories):
        """P(interest) where the texts of person and item are all that is known.

        Args:
            interest: `[n, dim]` float tensor, one for each item.
            vectors: `[n, dim]` float tensor, as `new_items` gives it.
            memories: `[n, memory_dim]` float tensor, the same.

        Returns:
            `[n]` float tensor.
        """
        head, rating, score = self.text_features(interest, vectors, memories)
        how = self.weights
        if how.of_texts is None:
            slopes = (how.head_slope, how.rating_slope, how.score_slope)
            intercept = how.intercept
        else:
            slope, score_slope, intercept = how.of_texts
            slopes = (slope, 0.0, score_slope)
        terms = zip(slopes, (head, rating, score), strict=True)
        return tf.sigmoid(sum(slope * each for slope, each in terms) + intercept)

    def text_features(self, interest, vectors, memories):
        """Logits of interest head and rating factors, and scores, `[n]` each.

        The score is without what is added to new items for exposure; arguments as in
        `probabilities_of_texts`.
        """
        unscaled = memories[:, : self.unscaled.shape[1]]
        head, rating = self.ratings(interest, unscaled[:, None])
        scores = tf.reduce_sum(interest * vectors, axis=1)
        return head[:, 0], rating[:, 0], scores - interest[:, -1] * unscaled[:, -1]

    def ratings(self, interest, unscaled):
        """Logits of the interest head and of the rating factors; 0 without these.

        Args:
            interest: `[batch, dim]` float tensor.
            unscaled: `[batch or 1, n, size]` float tensor of candidates.

        Returns:
            Two `[batch, n]` float tensors.
        """
        neural = unscaled[..., : self.neural_dim]
        head = _float32(
            self.model.interest_head(self._query_part("neural", interest), neural)
        )
        if "rating_factors" not in self._places:
            return head, tf.zeros_like(head)
        factors = unscaled[..., self.neural_dim : -1]
        asked = self._query_part("rating_factors", interest)
        return head, tf.reduce_sum(asked * factors, axis=-1)

    def _query_part(self, name, interest):
        """A part of the query's side, unweighted: `[batch, 1, size]`."""
        number, start, end = self._places[name]
        part = tf.ensure_shape(interest[:, None, start:end], [None, 1, end - start])
        return part / self.weights.query_weights[number]

    def contributions(
        self, history, now, weights, rows, vectors, written=None, fresh=None
    ):
        """How much each event speaks for a candidate rather than for any other.

        Args:
            history: `HistoryBatch`.
            now: `[batch]` int64 tensor.
            weights: `[batch, length]` float tensor, as `query` gives them.
            rows: `[batch, n]` int32 tensor of candidates, -1 for what no history holds.
            vectors: `[batch, n, dim]` float tensor, theirs.
            written: `WrittenTexts` of events, or None.
            fresh: `NewItemTier` that histories may hold, or None.

        Returns:
            `[batch, n, length]` float tensor, and as many columns more as there are
            texts; a row is not negative and sums to 1, or to 0 where no event speaks
            for the item.
        """
        apart = vectors - self._mean
        history = self.model.kinds.of_interest(history)
        events = self._neural(history.item_rows, fresh)
        memory = self.model.query_tower.memory_output(events * weights[..., None])
        memory = _float32(memory)
        shares = tf.matmul(apart[..., : self.neural_dim], memory, transpose_b=True)
        shares *= self.weights.query_weights[0]
        for scorer, memory in zip(self.scorers, self._memories(fresh), strict=True):
            number, start, end = self._places[scorer.name]
            part = scorer.contributions(history, now, apart[..., start:end], memory)
            shares += self.weights.query_weights[number] * part
        if self.has_repeats:
            same = rows[:, :, None] == history.item_rows[:, None]
            own = tf.cast(same, tf.float32)
            own = tf.math.divide_no_nan(own, tf.reduce_sum(own, 2, keepdims=True))
            shares += own * self.repeat_bonus(history, rows)[..., None]
        shares = tf.where(history.mask[:, None], shares, 0.0)
        if written is not None:
            shares = tf.concat([shares, self._said_for(apart, written)], axis=2)
        shares = tf.nn.relu(shares)
        return tf.math.divide_no_nan(shares, tf.reduce_sum(shares, 2, keepdims=True))

    def _said_for(self, apart, written):
        """`[batch, n, texts]`: what each text adds to the scores of candidates."""
        parts = zip(
            written.each_of(self.model, self.scorers),
            self._places.values(),
            self.weights.query_weights,
            strict=True,
        )
        return sum(
            weight * tf.matmul(apart[..., start:end], said, transpose_b=True)
            for said, (_, start, end), weight in parts
        )


def _float32(tensor):
    """What towers gave that may compute in less precision."""
    return tf.cast(tensor, tf.float32)


def _places(neural_dim, scorers):
    """Scorer name -> (its number, first and end column) in the embedding."""
    names = ["neural", *(scorer.name for scorer in scorers)]
    ends = np.cumsum([neural_dim, *(scorer.dim for scorer in scorers)]).tolist()
    places = zip(range(len(names)), [0, *ends], ends, strict=False)
    return dict(zip(names, places, strict=True))
