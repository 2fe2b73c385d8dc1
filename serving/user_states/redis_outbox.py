"""Records that wait in Redis."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from serving.user_states.outbox import LEASE_S, Batch, Outbox

KEY = "tfrec:outbox"  # a list, the oldest record first
TAKEN = "tfrec:outbox:taken"  # a list, the batch that was taken
_NAME = "tfrec:outbox:name"
_NUMBER = "tfrec:outbox:number"  # of the batch
OWNER = "tfrec:outbox:owner"  # expires with the lease
# ARGV: owner, seconds of the lease, most records.
_TAKE = """
local owner = redis.call('GET', KEYS[5])
if owner and owner ~= ARGV[1] then return false end
if redis.call('EXISTS', KEYS[2]) == 0 then
  if redis.call('EXISTS', KEYS[1]) == 0 then return false end
  redis.call('INCR', KEYS[4])
  for i = 1, ARGV[3] do
    if not redis.call('LMOVE', KEYS[1], KEYS[2], 'LEFT', 'RIGHT') then break end
  end
end
redis.call('SET', KEYS[5], ARGV[1], 'EX', ARGV[2])
redis.call('SETNX', KEYS[3], ARGV[1])
local name = redis.call('GET', KEYS[3]) .. '-' .. redis.call('GET', KEYS[4])
return {name, redis.call('LRANGE', KEYS[2], 0, -1)}
"""
# ARGV: owner, name of the batch.
_DONE = """
if redis.call('GET', KEYS[5]) ~= ARGV[1] then return 0 end
local name = redis.call('GET', KEYS[3]) .. '-' .. redis.call('GET', KEYS[4])
if name ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[2], KEYS[5])
return 1
"""
_KEYS = [KEY, TAKEN, _NAME, _NUMBER, OWNER]


class RedisOutbox(Outbox):
    """Two lists: what waits, and the batch that was taken.

    Args:
        redis: the client.
        in_words: context in which errors of Redis become those of the store.
    """

    def __init__(self, redis: Any, in_words: Callable[[], AbstractContextManager]):
        self._redis, self._in_words = redis, in_words
        self._owner = uuid.uuid4().hex
        self._take = redis.register_script(_TAKE)
        self._done = redis.register_script(_DONE)

    def add(self, records):
        if records:
            with self._in_words():
                self._redis.rpush(KEY, *records)

    def take(self, most):
        with self._in_words():
            found = self._take(_KEYS, [self._owner, LEASE_S, most])
        return Batch(found[0].decode(), found[1]) if found else None

    def done(self, batch):
        with self._in_words():
            self._done(_KEYS, [self._owner, batch.name])

    def waiting(self):
        with self._in_words(), self._redis.pipeline() as pipeline:
            pipeline.llen(KEY)
            pipeline.llen(TAKEN)
            return sum(pipeline.execute())
