"""A story of this minute, from its publication to the lists of those who like it."""

import concurrent.futures
import contextlib
import time
import urllib.parse

import numpy as np
import pytest

import tfrec
from tests.news_log import TOPICS, news_events, news_stories, topic_of
from tests.serving.online.gateway_process import GatewayProcess, Http, eventually
from tests.serving.server_process import serving
from tfrec.client.client import RecommenderClient
from tfrec.client.popular import Popular

pytestmark = pytest.mark.slow  # a training, and servers in processes of their own

SMALL = {
    "text_encoder": "lstm",
    "embedding_dim": 16,
    "window_length": 12,
    "num_layers": 1,
    "item_to_item_dim": 8,
    "bm25_dim": 16,
    "dropout": 0.1,
    "lstm_units": 8,
    "max_length": 16,
    "vocabulary_size": 200,
    "max_epochs": 3,
    "learning_rate": 0.02,
}
STORIES = {
    topic: {
        "item_id": f"breaking {topic}",
        "title": f"{topic.capitalize()} report of this minute",
        "text": f"About {about}.",
        "category": topic,
    }
    for topic, about in TOPICS.items()
}
NUM_READS = 50  # of each of these stories
PEOPLE = 8  # of each topic, that are asked for
BATCHING = """
max_batch_size { value: 8 } batch_timeout_micros { value: 300000 }
num_batch_threads { value: 1 } pad_variable_length_inputs: true
"""


class News:
    """A log that ends now, and the model that learnt from it."""

    def __init__(self, folder):
        self.end = int(time.time()) - 600
        self.log, stories = news_events(self.end), news_stories()
        recommender = tfrec.Recommender(**SMALL).fit(self.log, stories, verbose=False)
        self.weights = recommender._trained.weights
        (version,) = recommender.export(folder, "news", index="exact", verbose=False)
        self.model, self.topics = (
            version.parent,
            dict(stories[["item_id", "category"]].values),
        )

    def histories(self, topic):
        """The latest reads of some people who like a topic."""
        people = [f"p{n:03d}" for n in range(150) if topic_of(n) == topic][:PEOPLE]
        for person in people:
            own = self.log[self.log["user_id"] == person].iloc[-8:]
            yield [
                {"item_id": each.item_id, "timestamp": each.timestamp}
                for each in own.itertuples()
            ]


@pytest.fixture(scope="module")
def news(tmp_path_factory):
    return News(tmp_path_factory.mktemp("news"))


@contextlib.contextmanager
def gateway_of(news, folder):
    """`Http` of a gateway in front of a model server, both processes of their own."""
    flags = ("--model_name=news", f"--model_base_path={news.model}")
    with serving(*flags) as server:
        store = f"sqlite:///{folder / 'states.db'}"
        more = ("--target", server.target, "--model", "news", "--store", store)
        gateway = GatewayProcess(*more, "--model-folder", str(news.model))
        try:
            yield Http(gateway.port)
        finally:
            gateway.stop()


def reads(item_id, number):
    """So many reads of this moment, of as many people."""
    now = int(time.time())
    return [
        {"user_id": f"{item_id} reader {n}", "item_id": item_id, "timestamp": now}
        for n in range(number)
    ]


def lists_of(http, news, topic, k=10):
    """Ids that people who like a topic get."""
    found = []
    for history in news.histories(topic):
        body = {"history": history, "k": k}
        status, answer = http("POST", "/v1/sessions/recommendations", body)
        assert status == 200, answer
        found.append([each["item_id"] for each in answer["items"]])
    return found


def places(http, news, topic, k=10):
    """Topic -> places of its story in the lists of those who like `topic`, `[people]`.

    The first is 0; `k` is that of a story that is not in a list.
    """
    lists = lists_of(http, news, topic, k)
    return {
        each: np.array(
            [[*ids, story["item_id"]].index(story["item_id"]) for ids in lists]
        )
        for each, story in STORIES.items()
    }


def test_a_story_of_this_minute_comes_to_those_who_like_its_topic(news, tmp_path):
    """In a minute; of stories that are read alike, each topic's comes first."""
    assert max(news.weights.live) > 0
    with gateway_of(news, tmp_path) as http:
        assert http("POST", "/v1/items", [*STORIES.values()])[0] < 300
        time.sleep(3)  # the server has them; nobody has read them
        before = {topic: places(http, news, topic, k=50)[topic] for topic in TOPICS}
        started = time.monotonic()
        for story in STORIES.values():
            events = reads(story["item_id"], NUM_READS)
            assert http("POST", "/v1/events", events)[0] == 202

        def are_there():
            return all((places(http, news, t)[t] < 10).all() for t in TOPICS)

        eventually(are_there, 60)
        assert time.monotonic() - started < 60
        for topic, earlier in before.items():
            found = places(http, news, topic, k=50)
            own = found.pop(topic)
            assert own.mean() < earlier.mean()
            is_first = [own < other for other in found.values()]
            assert np.mean(is_first) > 0.8, (topic, own, found)
        check_that_it_goes(http, news)


def check_that_it_goes(http, news):
    """The counts of an item that was taken out do not bring it back."""
    topic, story = next(iter(STORIES.items()))
    assert http("DELETE", f"/v1/items/{urllib.parse.quote(story['item_id'])}")[0] < 300

    def is_gone():
        return (places(http, news, topic, k=50)[topic] == 50).all()

    eventually(is_gone, 60)
    time.sleep(2.5)  # the counts were read again
    assert is_gone()


def test_requests_of_unlike_widths_become_one_batch(news, tmp_path):
    """Each row has the answer that it has alone; some have no counts at all."""
    parameters = tmp_path / "batching.txt"
    parameters.write_text(BATCHING)
    flags = ("--model_name=news", f"--model_base_path={news.model}")
    flags += ("--enable_batching", f"--batching_parameters_file={parameters}")
    ids = [*news.topics]
    requests = [
        {
            "history": history,
            "k": 5 + number,
            "now": news.end + 60,
            "popular": Popular.of(
                dict.fromkeys(ids[: 7 * number], (9.0 * number, 5.0)), 900.0
            ),
        }
        for number, history in enumerate(news.histories("music"))
    ]
    model = tfrec.load(news.model)
    with contextlib.ExitStack() as opened:
        server = opened.enter_context(serving(*flags))
        client = opened.enter_context(RecommenderClient(server.target, "news"))
        pool = concurrent.futures.ThreadPoolExecutor(len(requests))
        opened.enter_context(pool)
        together = [*pool.map(lambda each: client.recommend(**each), requests)]
    for request, found in zip(requests, together, strict=True):
        options = {name: request[name] for name in ("k", "now", "popular")}
        alone = model.recommend([request["history"]], **options)
        assert [each.item_id for each in found] == alone["item_id"].tolist()
        scores = [each.score for each in found]
        np.testing.assert_allclose(scores, alone["score"], rtol=1e-4)
    last = {"histories": [requests[-1]["history"]], "k": 5}
    with_counts = model.recommend(**last, popular=requests[-1]["popular"])
    assert (
        with_counts["item_id"].tolist() != model.recommend(**last)["item_id"].tolist()
    )
