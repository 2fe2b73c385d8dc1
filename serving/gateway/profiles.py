"""Profiles of users: what the towers read beside their histories."""

from tfrec.optional import import_optional


def read_profiles(path) -> dict[str, str]:
    """User id to text, of those who have one.

    Args:
        path: file or folder with `user_id` and `text`, as for training.

    Raises:
        DataError: it cannot be read, or a user comes twice.
        MissingPackageError: pandas or pyarrow is not installed.
    """
    readers = import_optional(  # pandas takes 60 MB: only where there are profiles
        "tfrec.data.readers", "profiles", "Install pandas and pyarrow."
    )
    frame = readers.read_users(path).frame
    has_text = frame["text"] != ""
    return dict(zip(frame["user_id"][has_text], frame["text"][has_text], strict=True))
