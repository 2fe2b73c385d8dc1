"""MovieLens-100k as the demo speaks of it."""

USUAL_NUMBER = 60  # ratings of the person we ask for


class Films:
    """MovieLens-100k as the demo speaks of it.

    Args:
        dataset: `Dataset`.
    """

    def __init__(self, dataset):
        self.dataset = dataset
        self.titles = dataset.items.frame.set_index("item_id")["title"].to_dict()
        self.years = dataset.items.frame.set_index("item_id")["text"].str[:4].to_dict()
        self.ids = {title: item_id for item_id, title in self.titles.items()}
        order = ["timestamp", "sequence"]
        self.events = dataset.events.frame.sort_values(order, kind="stable")

    def usual_user(self):
        """Id of the user whose number of ratings is nearest to `USUAL_NUMBER`."""
        counts = self.events["user_id"].value_counts().sort_index()
        return (counts - USUAL_NUMBER).abs().idxmin()

    def history(self, user_id):
        """The user's ratings, oldest first."""
        return self.events[self.events["user_id"] == user_id]

    def wish(self, user_id):
        """What a request says beside the history: profile and time of asking."""
        profiles = self.dataset.users.frame.set_index("user_id")["text"]
        return {
            "user_text": profiles[user_id],
            "now": int(self.events["timestamp"].max()),
        }

    def name(self, item_id):
        """Title and year."""
        return f"{self.titles[item_id]} ({self.years[item_id]})"

    def reasons(self, history, shares):
        """The two films that speak most for an answer, and how much, in words."""
        best = shares.argsort()[::-1][:2]
        rated = history["item_id"].to_numpy()
        return ", ".join(f"{self.titles[rated[i]]} {shares[i]:.0%}" for i in best)
