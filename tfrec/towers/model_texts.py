"""All texts that a model has learnt from, as vectors of their encoders."""

import keras

from tfrec.towers.text_table import TextTable


class ModelTexts(keras.layers.Layer):
    """Tables of the texts of items and of what people write.

    Args:
        item_texts: `[num_items]` str array.
        profile_texts: `[num_users]` str array.
        event_texts: `[num_texts]` str array.
        encoder: layer of `tfrec.text`, or None.
        query_encoder: another one for what people write, or None for the same.
        vectors: name -> `[n, text_dim]` array of tables that were saved, or None.
        item_vectors: `[num_items, dim]` array that stands for encoded items, or None.
        **how: further arguments of the tables.

    Attributes:
        tables: name -> `TextTable`, of `"items"`, `"profiles"`, `"events"` and
            `"searches"`, the items' texts as a person would write them.
        encoders: the items' encoder and that of people's texts, maybe the same.
        dim: int, size of a text's vector, its words included; 1 without an encoder.
    """

    def __init__(
        self,
        item_texts,
        profile_texts,
        event_texts,
        encoder,
        query_encoder=None,
        vectors=None,
        item_vectors=None,
        **how,
    ):
        super().__init__()
        self.built = True
        self.encoders = (encoder, query_encoder or encoder)

        def table(name, texts, **more):
            found = self.encoders[name != "items"]
            more |= {"vectors": vectors and vectors[name], **how}
            return TextTable(texts, found, **more)

        self.items = table("items", item_texts, given=item_vectors)
        self.profiles = table("profiles", profile_texts)
        self.events = table("events", event_texts)
        self.searches = self.items
        if query_encoder is not None:
            self.searches = table("searches", item_texts)
        self.dim = self.items.vectors.shape[1]

    @property
    def tables(self):
        """Those that differ, by name."""
        names = ("items", "profiles", "events", "searches")
        tables = {name: getattr(self, name) for name in names}
        if self.searches is self.items:
            del tables["searches"]
        return tables

    @property
    def frozen_variables(self):
        """Variables of encoders that do not learn."""
        frozen = [each for each in self.tables.values() if each.encoder is not None]
        return [v for each in frozen if not each.learns for v in each.encoder.variables]

    def refresh(self):
        """Encodes all texts with encoders that have learnt since."""
        for table in self.tables.values():
            table.refresh()
