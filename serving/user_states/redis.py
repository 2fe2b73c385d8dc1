"""States in Redis: for several machines.

A writer reads the states, applies its events, and hands the result to a script that
stores all of it if no state has changed meanwhile, and otherwise nothing; then the
writer begins anew. The script names every key it uses, so one node must hold them.
"""

import contextlib
import logging
import urllib.parse

from serving.user_states.masking import masked
from serving.user_states.state_codec import HEAD, decode_state
from serving.user_states.store import StoreError, StoreFullError, UserStates
from tfrec.errors import ConfigError, MissingPackageError

logger = logging.getLogger(__name__)

PREFIX = "tfrec:state:"
TTL_S = 90 * 86_400  # after a user's last event, unless the URL says ?ttl_s=
TIMEOUT_S = 5
ATTEMPTS = 50  # at a change while others change the same users
# ARGV: TTL, bytes of a head; then per key the head as it was read and the new state.
_SCRIPT = """
for i, key in ipairs(KEYS) do
  if redis.call('GETRANGE', key, 0, ARGV[2] - 1) ~= ARGV[2 * i + 1] then return 0 end
end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, ARGV[2 * i + 2], 'EX', ARGV[1])
end
return 1
"""


class RedisStates(UserStates):
    """One key per user, which expires when the user is long away.

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
        with self._in_words():
            return self._redis.delete(PREFIX + user_id) > 0

    def check(self):
        with self._in_words():
            self._redis.ping()

    def close(self):
        self._redis.close()

    def _read(self, user_ids):
        return self._redis.mget([PREFIX + user_id for user_id in user_ids])

    def _write(self, changed):
        arguments = [self._ttl_s, HEAD.size]
        for user_id, after in changed.after.items():
            arguments += [(changed.before[user_id] or b"")[: HEAD.size], after]
        keys = [PREFIX + user_id for user_id in changed.after]
        return self._replace(keys, arguments) == 1

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
