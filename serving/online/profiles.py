"""Profiles of users: what the towers read beside their histories."""

from tfrec.data.readers import read_users


def read_profiles(path) -> dict[str, str]:
    """User id to text, of those who have one.

    Args:
        path: file or folder with `user_id` and `text`, as for training.

    Raises:
        DataError: it cannot be read, or a user comes twice.
    """
    frame = read_users(path).frame
    has_text = frame["text"] != ""
    return dict(zip(frame["user_id"][has_text], frame["text"][has_text], strict=True))
