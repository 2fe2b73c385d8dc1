"""Items put in and taken out of a catalogue, one by one."""

import dataclasses

from tfrec.errors import DataError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Change:
    """An item that is put in, anew or in place of another, or taken out.

    Raises:
        DataError: a field is of the wrong kind, or the item could never be had.
    """

    item_id: str
    title: str = ""
    text: str = ""
    category: str = ""  # "a|b"
    available_from: int = 0  # UTC seconds, 0 = always
    available_until: int = 0  # UTC seconds, 0 = for ever
    is_removed: bool = False
    time: float = 0.0  # UTC seconds at which it was asked for

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            kinds = (int, float) if field.type is float else (field.type,)
            if type(value) not in kinds:  # a bool is an int to `isinstance`
                raise DataError(
                    f"`{field.name}` of an item must be a {field.type.__name__}. "
                    f"Received: {value!r}."
                )
        if not self.item_id:
            raise DataError('`item_id` must not be "", because that is the padding.')
        if 0 < self.available_until <= self.available_from:
            raise DataError(
                "`available_until` must be after `available_from`, because the item "
                f"could never be had. Received: {self.available_until} and "
                f"{self.available_from}, of {self.item_id!r}."
            )

    @property
    def texts(self):
        """What is encoded: title, text, category."""
        return self.title, self.text, self.category
