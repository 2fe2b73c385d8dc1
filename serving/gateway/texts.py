"""Texts for the items of a user's list, as server-sent events.

Nothing here is on the path of a list: texts are written in threads of their own, and
only so many requests for them are open at a time.
"""

import asyncio
import dataclasses
import json
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from serving.fields import Id
from serving.gateway.app import read_options
from serving.gateway.cache import AnswerCache
from serving.gateway.list_options import ListOptions
from serving.gateway.recommendations import Found, Recommending
from serving.gateway.schemas import RecommendedItem
from serving.security.rate_limit import RateLimit
from serving.words.contract import LanguageModel
from serving.words.counts import WordCounts
from serving.words.facts import Facts
from serving.words.kinds import OF_LISTS, Kind
from serving.words.settings import WordsSettings
from serving.words.writer import Text, Writer
from tfrec.reasons.evidence import Evidence
from tfrec.reasons.sentences import Lang

MOST_TEXTS = 20  # of a request
MOST_STREAMS = 16  # open at a time; the door lets 128 requests in, lists among them
NUM_WRITERS = 4  # texts that are written at a time
PERIOD_S = 3600  # a text is kept until the next full hour
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


@dataclass(frozen=True)
class _Job:
    """One text that is asked for."""

    kind: Kind
    lang: Lang
    evidence: tuple[Evidence, ...]
    who: tuple  # user id, and versions of the state
    deadline: float


class Texts:
    """Writes texts for users, and remembers them for an hour at most.

    Args:
        recommending: makes the lists.
        writer: of the texts.
        settings: of the words.
        counts: where to count.
    """

    def __init__(
        self,
        recommending: Recommending,
        writer: Writer,
        settings: WordsSettings,
        counts: WordCounts,
    ):
        self._recommending = recommending
        self._writer = writer
        self._deadline_s = settings.deadline_s
        per_minute = settings.requests_per_minute
        self._limit = RateLimit(per_minute / 60, size=per_minute)
        self._counts = counts
        self._cache = AnswerCache()
        self._pool = ThreadPoolExecutor(NUM_WRITERS, thread_name_prefix="words")
        self._num_streams = 0
        recommending.when_forgetting(self.forget)

    async def stream(
        self, user_id: str, kind: Kind, options: ListOptions
    ) -> StreamingResponse:
        """A text for each item of a list, best first, or one for all of it.

        Raises:
            HTTPException: 429, this user asks too often; 503, too many do.
            Exception: as `Recommending.for_user`.
        """
        if not self._limit.allows(user_id):
            raise _too_much(429, "This user has asked for texts too often.")
        if self._num_streams >= MOST_STREAMS:
            raise _too_much(503, f"{MOST_STREAMS} requests for texts are under way.")
        self._num_streams += 1
        try:
            events = await self._begin(user_id, kind, options)
        except BaseException:
            self._leave()
            raise
        return _Stream(events, self._leave)

    def forget(self, user_id: str) -> None:
        """Drops the texts that a user got."""
        self._cache.drop(lambda key: key[0][:1] == (user_id,))

    def close(self) -> None:
        """Starts no more texts, and ends the model."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._writer.close()

    def _leave(self):
        self._num_streams -= 1

    async def _begin(self, user_id, kind, options):
        """The events of a list's texts, once there is the list."""
        deadline = time.monotonic() + self._deadline_s
        found, version = await run_in_threadpool(
            self._recommending.for_user, user_id, options
        )
        evidence = _evidence(found)
        parts = [evidence] if kind in OF_LISTS else [(each,) for each in evidence]
        who = (user_id, version, found.model_version)
        jobs = [_Job(kind, options.lang, p, who, deadline) for p in parts if p]
        end = {"state_version": version, "model_version": found.model_version}
        return self._events(jobs, end)

    async def _events(self, jobs: Sequence[_Job], end) -> AsyncIterator[str]:
        waiting = [(job, self._pool.submit(self._write, job)) for job in jobs]
        try:
            for rank, (job, future) in enumerate(waiting, start=1):
                text = await self._in_time(job, future)
                outcome = (text.kind, text.lang, text.source, text.fallback)
                self._counts.count_text(*outcome)
                yield _event("text", _named(job, rank) | text.as_dict())
            yield _event("done", {"texts": len(waiting)} | end)
        finally:
            for _, future in waiting:
                future.cancel()

    async def _in_time(self, job, future: Future) -> Text:
        """The text, or the template's where the threads are too busy."""
        wait_s = max(0.0, job.deadline - time.monotonic())
        try:
            async with asyncio.timeout(wait_s):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            return self._writer.template(
                job.kind, job.evidence, job.lang, reason="deadline"
            )

    def _write(self, job) -> Text:
        key, period = self._key(job), int(time.time()) // PERIOD_S
        text = self._cache.get(key, period)
        self._counts.count_cache(text is not None)
        if text is None:
            text = self._writer.write(job.kind, job.evidence, job.lang, job.deadline)
            if text.lasts:
                self._cache.put(key, period, text)
        return text

    def _key(self, job):
        """What a text depends on; one about an item alone is the same for everybody."""
        has_person = self._writer.has_person(job.kind)
        who = job.who if has_person else ()
        versions = self._writer.version(job.kind, job.lang)
        facts = Facts.of(job.evidence, has_person)
        item_ids = tuple(each.item_id for each in job.evidence)
        return who, item_ids, job.kind, job.lang, versions, facts


class _Stream(StreamingResponse):
    """A stream that says when it is over, however it ends."""

    def __init__(self, events, leave):
        super().__init__(events, media_type="text/event-stream", headers=_HEADERS)
        self._leave = leave

    async def __call__(self, scope, receive, send):
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()


def add_texts(
    app: FastAPI, settings: WordsSettings, model: LanguageModel | None
) -> Texts:
    """Adds the route of texts to the app of a gateway.

    Args:
        app: of `make_app`.
        settings: of the words.
        model: that writes, None for templates.

    Raises:
        ConfigError: a prompt is missing or wrong.
    """
    counts = WordCounts(app.state.metrics.registry)
    writer = Writer(settings, model, counts)
    texts = Texts(app.state.recommending, writer, settings, counts)
    stream = {
        "content": {"text/event-stream": {}},
        "description": "`text`, then `done`",
    }

    @app.get(
        "/v1/users/{user_id:path}/texts",
        response_class=StreamingResponse,
        responses={200: stream},
    )
    async def write_texts(
        user_id: Id,
        options: Annotated[ListOptions, Depends(read_options)],
        kind: Kind = "reason",
    ):
        """An event `text` for each item of the list, or one for all of it; then `done`.

        The list is the one that the same options give. A model's texts are checked
        against the evidence; where one fails, comes too late or may not be asked for,
        its event has the template's and says so.
        """
        if options.num_items > MOST_TEXTS:
            name = "quota" if options.quota else "k"
            raise HTTPException(
                422,
                f"`{name}` must be at most {MOST_TEXTS} for texts. "
                f"Received: {options.num_items}.",
            )
        options = dataclasses.replace(options, explain=True)
        return await texts.stream(user_id, kind, options)

    return texts


def _evidence(found: Found) -> tuple[Evidence, ...]:
    """Of each item; what it is itself, where the model does not explain."""
    given = found.evidence or [None] * len(found.items)
    pairs = zip(found.items, given, strict=True)
    return tuple(each or _of_item(item) for item, each in pairs)


def _of_item(item: RecommendedItem) -> Evidence:
    return Evidence(
        item_id=item.item_id,
        title=item.title,
        about=item.about,
        categories=tuple(item.categories),
    )


def _named(job, rank) -> dict[str, Any]:
    ids = [each.item_id for each in job.evidence]
    return (
        {"item_ids": ids} if job.kind in OF_LISTS else {"item_id": ids[0], "rank": rank}
    )


def _event(name, data):
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _too_much(status, words):
    return HTTPException(status, f"{words} Ask again later.", {"retry-after": "2"})
