"""From raw strings and the latest events to an interest vector, in the graph."""

from typing import NamedTuple

import tensorflow as tf

from tfrec.data.history import HistoryBatch, latest_events, take_columns
from tfrec.data.history_texts import latest_texts, weight_at_age
from tfrec.graphs import shared_graph
from tfrec.hybrid.item_likeness import ItemLikeness
from tfrec.hybrid.written_texts import WrittenTexts
from tfrec.inference.item_text import with_words
from tfrec.inference.lookup import Names
from tfrec.inference.new_items import NewItems
from tfrec.inference.request import text_only, to_batch
from tfrec.inference.same_texts import SameTexts
from tfrec.inference.text_vectors import text_vectors
from tfrec.retrieval.candidate_ids import CandidateIds
from tfrec.retrieval.filters import NO_ROW


class Rows(NamedTuple):
    """Items by number: those of the catalogue, after them those of a `NewItemTier`.

    They differ for removed items: events with them still say what people like.
    """

    known: tf.Tensor  # int32, as what the model knows them; -1 if it does not
    answer: tf.Tensor  # int32, as what they may be answered; -1 if not at all


class Wanted(NamedTuple):
    """What candidates are ranked by: inner products with both of their vectors."""

    interest: tf.Tensor  # [batch, dim]
    search: tf.Tensor  # [batch, n], as `TextMatch.queries`; zeros for none


class EncodedQuery(NamedTuple):
    """What a request comes to."""

    wanted: Wanted
    rows: Rows  # [batch, width], of the request's items
    history: HistoryBatch  # its latest events
    columns: tf.Tensor  # [batch, length] int32, where these stand; -1 = padding
    weights: tf.Tensor  # [batch, length], attention
    written: WrittenTexts  # texts of events
    text_columns: tf.Tensor  # [batch, n] int32, where these stand


class LikeAnItem(NamedTuple):
    """What a request for items like others comes to."""

    wanted: Wanted
    is_known: tf.Tensor  # [batch] bool, whether the model knows the item
    same: tf.Tensor  # [batch, n] int32 rows of the item and its duplicates, -1 = none


class QueryEncoder(tf.Module):
    """Turns requests, with their items, events and texts, into interest vectors.

    It does not depend on the index, so models that differ in the index only share it,
    and with it the trace of a call.

    Args:
        hybrid: `HybridScorer`.
    """

    def __init__(self, hybrid):
        super().__init__(name="query_encoder")
        self.hybrid, self.model = hybrid, hybrid.model
        self.catalogue = self.model.catalogue
        self.item_ids = CandidateIds(self.catalogue.item_ids)
        of_items, self.text_vectors = text_vectors(self.model)
        self.new_items = NewItems(hybrid, self.item_ids, of_items, self.text_vectors)
        kinds = self.model.kinds
        self.event_kinds = Names(kinds.names, default=NO_ROW, empty=kinds.usual)
        self.likeness = ItemLikeness(hybrid)
        self.same_texts = SameTexts(self.catalogue)
        self._encoded = shared_graph(self._encode)

    def __call__(self, query, fresh=None):
        """`EncodedQuery` of a `QueryInputs` whose tensors have one length."""
        features = self.model.state.features
        texts = with_words(query.user_text, features.words, "users", query.features)
        return self._encoded(query._replace(user_text=texts), fresh)

    def like(self, item_ids, fresh=None):
        """`LikeAnItem` of `[batch]` item ids."""
        blank = text_only(tf.fill(tf.shape(item_ids), ""))
        query = blank._replace(history_item_ids=item_ids[:, None])
        asked = self(to_batch(query, tf.size(item_ids)), fresh)
        known, answer = asked.rows.known[:, 0], asked.rows.answer[:, 0]
        same = self.same_texts(tf.where(answer > NO_ROW, answer, known), fresh)
        interest = self.likeness(asked.wanted.interest)
        return LikeAnItem(
            asked.wanted._replace(interest=interest),
            known > NO_ROW,
            tf.concat([answer[:, None], same], axis=1),
        )

    def rows_of(self, ids, fresh=None):
        """`Rows` of a string tensor of any shape; unknown ids and `""` are -1."""
        known = self.item_ids.rows_of(ids)
        if fresh is None:
            return Rows(known, known)
        answer = fresh.answer_rows(ids, known, self.catalogue.num_items)
        return Rows(tf.where(known > NO_ROW, known, answer), answer)

    def history(self, query, rows):
        """The latest events of a request: `(HistoryBatch, columns they came from)`.

        `rows`, `[batch, width]`, are those by which the model knows the items.
        """
        times, kinds = query.history_timestamps, self.event_kinds(query.history_events)
        # What an event of an unknown kind means nobody knows: it is no interest.
        rows = tf.where(kinds > NO_ROW, rows, NO_ROW)
        columns = latest_events(rows, times, self.model.max_history_length)
        values = self.model.standardise(query.history_values)
        history = HistoryBatch(
            take_columns(rows, columns, NO_ROW),
            take_columns(kinds, columns, 0),
            take_columns(values, columns, 0.0),
            take_columns(times, columns, 0),
        )
        return history, columns

    def texts(self, query, rows):
        """The `HistoryTexts` of a request; `rows` as for `history`.

        A text with an item, such as a review, counts if the event may be interest.
        """
        speaks = tf.gather(
            self.model.kinds.speaks,
            tf.maximum(self.event_kinds(query.history_events), 0),
        )
        may_count = (query.history_item_ids == "") | ((rows > NO_ROW) & speaks)
        texts = tf.where(may_count, query.history_texts, "")
        return latest_texts(texts, rows, query.history_timestamps)

    def _encode(self, query, fresh):
        rows = self.rows_of(query.history_item_ids, fresh)
        history, columns = self.history(query, rows.known)
        found = self.texts(query, rows.known)
        profiles, written = self._read(query, found, history.lengths)
        about = self.model.columns.of_request(query.features, query.now)
        interest, weights = self.hybrid.query(
            history, query.now, profiles, written, fresh, about
        )
        of_events = written.latest(tf.shape(found.texts)[1])
        texts = (of_events, found.columns)
        wanted = Wanted(interest, self._search(written))
        return EncodedQuery(wanted, rows, history, columns, weights, *texts)

    def _search(self, written):
        if self.hybrid.text_match is None:
            return self.hybrid.no_searches(tf.shape(written.texts)[0])
        vectors, texts = written.vectors[:, 0], written.texts[:, 0]
        return self.hybrid.text_match.queries(vectors, texts)

    def _read(self, query, found, num_events):
        """Profiles' vectors, and the other texts as `WrittenTexts`.

        Of these the free text is the first, and those of events are the last.

        Towers that learnt from no profile cannot read one: it counts as a text that
        was written before all events.
        """
        model, event_weight = self.model, self.hybrid.weights.event_texts
        texts, ages = [query.query_text], [tf.zeros_like(num_events)]
        if "profile" in model.features and not model.has_profiles:
            texts.append(query.user_text)
            ages.append(num_events)
        free = weight_at_age(tf.stack(ages, axis=1))
        weights = tf.concat([free, event_weight * found.weights], axis=1)
        texts = tf.concat([tf.stack(texts, axis=1), found.texts], axis=1)
        every = tf.concat([query.user_text, tf.reshape(texts, [-1])], axis=0)
        vectors = self.text_vectors(every)
        batch = tf.shape(query.user_text)[0]
        shape = tf.concat([tf.shape(texts), [vectors.shape[1]]], axis=0)
        written = WrittenTexts(texts, tf.reshape(vectors[batch:], shape), weights)
        profiles = vectors[:batch]
        return profiles if model.has_profiles else tf.zeros_like(profiles), written
