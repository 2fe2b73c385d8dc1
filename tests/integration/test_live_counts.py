"""A story of this minute, from its publication to the lists of those who like it."""

import concurrent.futures
import contextlib
import time

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
TOPIC = "music"
STORY = {
    "item_id": "breaking",
    "title": "Music report of this minute",
    "text": f"About {TOPICS[TOPIC]}.",
    "category": TOPIC,
}
NUM_READS = 50  # of the story, and of one of each topic
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

    def hot(self, topic):
        """The story of a topic that was read last, by none of those who are asked."""
        asked = {e["item_id"] for history in self.histories(topic) for e in history}
        return next(
            each
            for each in self.log["item_id"][::-1]
            if self.topics[each] == topic and each not in asked
        )


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


def share_with(lists, item_id):
    return np.mean([item_id in each for each in lists])


def test_a_story_of_this_minute_comes_to_those_who_like_its_topic(news, tmp_path):
    """In a minute; others have before it what is read as often in their topic."""
    assert max(news.weights.live) > 0
    with gateway_of(news, tmp_path) as http:
        for topic in TOPICS:
            events = reads(news.hot(topic), NUM_READS)
            assert http("POST", "/v1/events", events)[0] == 202
        assert http("POST", "/v1/items", STORY)[0] < 300
        time.sleep(3)  # the server has it; nobody has read it
        before = share_with(lists_of(http, news, TOPIC, k=3), STORY["item_id"])
        http("POST", "/v1/events", reads(STORY["item_id"], NUM_READS))
        started = time.monotonic()

        def is_there():
            return share_with(lists_of(http, news, TOPIC), STORY["item_id"]) == 1

        eventually(is_there, 60)
        assert time.monotonic() - started < 60
        assert before < share_with(lists_of(http, news, TOPIC, k=3), STORY["item_id"])
        is_before = [
            _place(each, news.hot(topic)) < _place(each, STORY["item_id"])
            for topic in set(TOPICS) - {TOPIC}
            for each in lists_of(http, news, topic)
        ]
        assert np.mean(is_before) > 0.7
        check_that_it_goes(http, news)


def _place(item_ids, item_id):
    return item_ids.index(item_id) if item_id in item_ids else len(item_ids)


def check_that_it_goes(http, news):
    """The counts of an item that was taken out do not bring it back."""
    assert http("DELETE", f"/v1/items/{STORY['item_id']}")[0] == 200

    def is_gone():
        return share_with(lists_of(http, news, TOPIC, k=50), STORY["item_id"]) == 0

    eventually(is_gone, 60)
    time.sleep(2.5)
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
        for number, history in enumerate(news.histories(TOPIC))
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
