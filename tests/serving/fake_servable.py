"""A model that is nothing but its folder."""

from tfrec.errors import ArtefactError


class FakeServable:
    """Remembers its folder; refuses folders that hold a file `bad`."""

    following = None

    def __init__(self, folder):
        self.folder = folder

    def replay_warm_up(self):
        if (self.folder / "bad").exists():
            raise ArtefactError(f"{self.folder.name} is bad.")
        return 0
