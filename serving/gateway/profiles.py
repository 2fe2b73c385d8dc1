"""Profiles of users: what the towers read beside their histories."""

from serving.profile import Profile
from tfrec.optional import import_optional


def read_profiles(path) -> dict[str, Profile]:
    """User id to profile, of those who have one.

    Args:
        path: file or folder with `user_id`, and `text` or other columns, as for
            training.

    Raises:
        DataError: it cannot be read, or a user comes twice.
        MissingPackageError: pandas or pyarrow is not installed.
    """
    readers = import_optional(  # pandas takes 60 MB: only where there are profiles
        "tfrec.data.readers", "profiles", "Install pandas and pyarrow."
    )
    frame = readers.read_users(path).frame
    others = frame.drop(columns=["user_id", "text"])
    cells = {name: column.tolist() for name, column in others.items()}
    profiles = {}
    for row, (user_id, text) in enumerate(
        zip(frame["user_id"], frame["text"], strict=True)
    ):
        known = {n: column[row] for n, column in cells.items()}
        features = {n: value for n, value in known.items() if _is_given(value)}
        if text or features:
            profiles[user_id] = Profile(text, features)
    return profiles


def _is_given(value):
    is_missing = value is None or type(value).__name__ in ("NAType", "NaTType")
    return not is_missing and value == value and value != ""  # NaN is not itself
