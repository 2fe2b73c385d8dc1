"""States in Redis: for several machines.

A writer reads the states, applies its events, and hands the result to a script that
stores all of it if no state has changed meanwhile, and otherwise nothing; then the
writer begins anew. The script names every key it uses, so one node must hold them.
Levels of items are added where they are: their sum does not depend on who is first.
"""

import contextlib
import itertools
import logging
import urllib.parse

from serving.user_states.counts import ALL_ITEMS, Levels, merge
from serving.user_states.masking import masked
from serving.user_states.redis_outbox import KEY, RedisOutbox
from serving.user_states.state_codec import HEAD, decode_state
from serving.user_states.store import (
    MAX_SHOWN,
    StoreError,
    StoreFullError,
    UserStates,
)
from tfrec.errors import ConfigError, MissingPackageError

logger = logging.getLogger(__name__)

PREFIX = "tfrec:state:"
COUNTS = "tfrec:count:"  # and half-life and kind: sorted sets of item ids by level
SHOWN = "tfrec:shown:"  # and user id: a list of "time item"
KINDS = "tfrec:kinds"  # that were counted
TTL_S = 90 * 86_400  # after a user's last event, unless the URL says ?ttl_s=
TIMEOUT_S = 5
ATTEMPTS = 50  # at a change while others change the same users
# KEYS: of states, the outbox, then of sorted sets. ARGV: TTL, bytes of a head, number
# of states, number of records; per state the head as it was read and the new state; the
# records; per level the number of its key, the member, and what is added.
_SCRIPT = """
for i = 1, ARGV[3] do
  local head = redis.call('GETRANGE', KEYS[i], 0, ARGV[2] - 1)
  if head ~= ARGV[2 * i + 3] then return 0 end
end
for i = 1, ARGV[3] do
  redis.call('SET', KEYS[i], ARGV[2 * i + 4], 'EX', ARGV[1])
end
local first = 2 * ARGV[3] + 5
for i = first, first + ARGV[4] - 1 do
  redis.call('RPUSH', KEYS[ARGV[3] + 1], ARGV[i])
end
for i = first + ARGV[4], #ARGV, 3 do
  local key, member, level = KEYS[tonumber(ARGV[i])], ARGV[i + 1], tonumber(ARGV[i + 2])
  local before = tonumber(redis.call('ZSCORE', key, member) or nil)
  if before then
    local high, low = math.max(before, level), math.min(before, level)
    level = high + math.log(1 + 2 ^ (low - high)) / math.log(2)
  end
  redis.call('ZADD', key, string.format('%.17g', level), member)
end
return 1
"""


class RedisStates(UserStates):
    """One key per user, which expires when the user is long away, and two per kind.

    Args:
        url: as redis-py takes it, and maybe `?ttl_s=`, seconds.

    Raises:
        StoreError: nobody answers, or the password is wrong.
        ConfigError: the URL or its `ttl_s` is wrong.
    """

    def __init__(self, url: str):
        bare, self._ttl_s = _split_ttl(url)
        self._redis = _connect(bare)
        self._place = urllib.parse.urlsplit(bare).netloc.rpartition("@")[2]
        self._replace = self._redis.register_script(_SCRIPT)
        self.outbox = RedisOutbox(self._redis, self._in_words)
        with self._in_words():
            self._warn_if_forgetful()

    def get(self, user_id):
        with self._in_words():
            return decode_state(self._redis.get(PREFIX + user_id))

    def _change(self, make):
        with self._in_words():
            for _ in range(ATTEMPTS):
                changed = make(self._read)
                if not changed.after or self._write(changed):
                    return changed
        raise StoreError(
            f"The states in {self._place}: others changed the same users during all "
            f"of {ATTEMPTS} attempts. Try again."
        )

    def forget(self, user_id):
        with self._in_words(), self._redis.pipeline() as pipeline:
            pipeline.delete(SHOWN + user_id)
            pipeline.delete(PREFIX + user_id)
            for each in self._erasures(user_id):
                pipeline.rpush(KEY, each)
            return pipeline.execute()[1] > 0

    def note_shown(self, user_id, item_ids, now):
        if not item_ids:
            return
        key = SHOWN + user_id
        with self._in_words(), self._redis.pipeline() as pipeline:
            pipeline.rpush(key, *(f"{now} {item_id}" for item_id in item_ids))
            pipeline.ltrim(key, -MAX_SHOWN, -1)
            pipeline.expire(key, self._ttl_s)
            pipeline.execute()

    def shown(self, user_id):
        with self._in_words():
            rows = self._redis.lrange(SHOWN + user_id, 0, -1)
        pairs = (row.decode().split(" ", 1) for row in rows)
        return [(item_id, int(time)) for time, item_id in pairs]

    def counted_kinds(self):
        with self._in_words():
            return [kind.decode() for kind in self._redis.zrange(KINDS, 0, -1)]

    def most_counted(self, kinds, half_life, limit):
        with self._in_words(), self._redis.pipeline() as pipeline:
            for kind in kinds:
                pipeline.zrevrange(_count_key(half_life, kind), 0, limit)
            ids = ((each.decode() for each in best) for best in pipeline.execute())
            return {
                item_id
                for best in ids
                for item_id in itertools.islice(filter(ALL_ITEMS.__ne__, best), limit)
            }

    def levels(self, kinds, item_ids):
        found: dict[str, Levels] = {}
        if not item_ids:
            return found
        item_ids = list(item_ids)
        with self._in_words(), self._redis.pipeline() as pipeline:
            for kind in kinds:
                for half_life in Levels._fields:
                    pipeline.zmscore(_count_key(half_life, kind), item_ids)
            scores = iter(pipeline.execute())
        for fast, slow in zip(scores, scores, strict=True):
            rows = zip(item_ids, fast, slow, strict=True)
            merge(found, {i: Levels(*each) for i, *each in rows if None not in each})
        return found

    def check(self):
        with self._in_words():
            self._redis.ping()

    def close(self):
        self._redis.close()

    def _read(self, user_ids):
        return self._redis.mget([PREFIX + user_id for user_id in user_ids])

    def _write(self, changed):
        sizes = [len(changed.after), len(changed.records)]
        arguments = [self._ttl_s, HEAD.size, *sizes]
        for user_id, after in changed.after.items():
            arguments += [(changed.before[user_id] or b"")[: HEAD.size], after]
        arguments += changed.records
        keys = [*(PREFIX + user_id for user_id in changed.after), KEY]
        places: dict[str, int] = {}
        for key, member, level in _added(changed.counted):
            place = places.setdefault(key, len(keys) + len(places) + 1)
            arguments += [place, member, level]
        return self._replace([*keys, *places], arguments) == 1

    def _warn_if_forgetful(self):
        from redis.exceptions import ResponseError

        try:
            has = self._redis.config_get("append*")
        except ResponseError:  # a hosted Redis keeps its settings to itself
            return
        if (has.get("appendonly"), has.get("appendfsync")) != ("yes", "always"):
            logger.warning(
                "Redis at %s has appendonly %s and appendfsync %s: it may lose the "
                "last events when it is killed. Set them to yes and always.",
                *(self._place, has.get("appendonly"), has.get("appendfsync")),
            )

    @contextlib.contextmanager
    def _in_words(self):
        from redis.exceptions import OutOfMemoryError, RedisError

        try:
            yield
        except RedisError as error:
            is_full = isinstance(error, OutOfMemoryError)
            kind = StoreFullError if is_full else StoreError
            raise kind(f"The states in Redis at {self._place}: {error}") from error


def _count_key(half_life, kind):
    return f"{COUNTS}{half_life}:{kind}"


def _added(counted):
    """`(key, member, level)` of what is added to sorted sets."""
    for (kind, item_id), levels in counted.items():
        for half_life, level in zip(levels._fields, levels, strict=True):
            yield _count_key(half_life, kind), item_id, level
    for kind in {kind for kind, _ in counted}:
        yield KINDS, kind, 0


def _connect(url):
    try:
        import redis
        from redis.backoff import ExponentialBackoff
        from redis.retry import Retry
    except ImportError as error:
        raise MissingPackageError(
            "Redis needs a package: pip install 'tfrec[stream]'."
        ) from error
    # A restart is waited for in part: 50, 100 and 200 ms.
    again = Retry(ExponentialBackoff(cap=1, base=0.05), 3)
    try:
        return redis.Redis.from_url(url, socket_timeout=TIMEOUT_S, retry=again)
    except ValueError:
        raise _wrong(url) from None  # its words may hold a part of the password


def _split_ttl(url):
    """The URL without `ttl_s`, and its seconds."""
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        raise _wrong(url) from None
    if "@" in url and "@" not in parts.netloc:
        raise _wrong(url)
    query = dict(urllib.parse.parse_qsl(parts.query))
    ttl_s = query.pop("ttl_s", str(TTL_S))
    if not ttl_s.isdecimal() or int(ttl_s) < 1:
        raise ConfigError(
            f"`ttl_s` must be whole seconds, at least 1. Received: {ttl_s!r}."
        )
    parts = parts._replace(query=urllib.parse.urlencode(query))
    return parts.geturl(), int(ttl_s)


def _wrong(url):
    return ConfigError(
        "`--store` must be redis://[[NAME]:PASSWORD@]HOST[:PORT]/NUMBER, with %2F, "
        "%3F, %23 and %40 for /, ?, # and @ in the password. Received: "
        f"{masked(url)!r}."
    )
