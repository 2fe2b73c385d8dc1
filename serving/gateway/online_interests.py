"""Online interest vectors of users: begun from a history, moved by each event."""

import dataclasses
import json
import logging
import pathlib

import numpy as np

from serving.gateway.feedback import Reactions
from serving.gateway.model_client import ModelClient
from serving.profile import Profile
from serving.user_states.state import Interest, UserState
from serving.user_states.store import StoreError, UserStates
from tfrec.errors import ConfigError
from tfrec.inference.interest_decay import InterestSettings

logger = logging.getLogger(__name__)

NOBODY = Profile()


def read_settings(path: pathlib.Path | None) -> InterestSettings:
    """The settings in a JSON file, those that suit many logs without one.

    Raises:
        ConfigError: it is no JSON object of the settings' names and positive numbers.
    """
    if path is None:
        return InterestSettings()
    try:
        settings = InterestSettings(**json.loads(path.read_text(encoding="utf-8")))
        are_numbers = all(v >= 0 for v in dataclasses.astuple(settings))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"`--interest` {path} cannot be read: {error}.") from error
    if not are_numbers or not settings.half_life_s * settings.half_life_events:
        raise ConfigError(
            "`--interest` must have numbers of at least 0, and half-lives above 0. "
            f"Received: {settings}."
        )
    return settings


class InterestKeeping:
    """Brings vectors up to date when they are asked for, and keeps them.

    A state knows which of its events have not moved its vector yet, so it does not
    matter who applied them, nor whether a process died in between.

    Args:
        states: where vectors are kept.
        model: embeds histories and makes the steps.
        reactions: which events speak against their items.
        settings: how vectors follow events.
    """

    def __init__(
        self,
        states: UserStates,
        model: ModelClient,
        reactions: Reactions,
        settings: InterestSettings,
    ):
        self._states = states
        self._model = model
        self._reactions = reactions
        self._settings = settings

    def query_vector(
        self, user_id: str, state: UserState, now: int, profile: Profile = NOBODY
    ) -> np.ndarray:
        """The vector `[dim]` of a user's interest that recommendations are made with.

        Args:
            user_id: whose.
            state: as it was read a moment ago.
            now: UTC seconds.
            profile: the user's, with columns that the model reads.

        Raises:
            RequestError: the model server does not answer.
        """
        interest = self._up_to_date(state, now, profile)
        if interest is not state.interest:
            self._keep(user_id, state, interest)
        seconds = max(0, now - interest.timestamp)
        vector = self._settings.decayed(interest.vector, interest.long_term, seconds)
        return self._settings.query_vector(vector, interest.long_term)

    def _keep(self, user_id, state, interest):
        try:
            self._states.keep_interest(user_id, state, interest)
        except StoreError as error:  # the next read makes the same steps again
            logger.warning("An interest vector could not be stored: %s", error)

    def _up_to_date(self, state, now, profile):
        # A version read too early only makes the vector begin anew once more.
        version = self._model.version
        interest = state.interest
        if interest is None or interest.model_version != version:
            return self._begin(state, version, now, profile)
        for event in state.pending_events():
            reward = self._reactions.reward(event.event, event.value)
            if reward is not None:
                moment = min(event.timestamp, now)
                interest = self._move(interest, event.item_id, reward, moment)
        return interest

    def _begin(self, state, version, now, profile):
        visible, _ = self._reactions.split(state.history())
        about = {"user_text": profile.text, "user_features": profile.features}
        vector = self._model.embed_query(visible, now=now, **about)
        return Interest(version, 0, now, vector, vector)

    def _move(self, interest, item_id, reward, moment):
        """One step; that of a late event is as small as it would be by now.

        `moment` is the event's, but never in the future: a clock that is fast would
        make all that follows late.
        """
        settings, seconds = self._settings, moment - interest.timestamp
        vector = settings.decayed(
            interest.vector, interest.long_term, max(0, seconds), events=1
        )
        vector = self._model.update_interest(
            vector,
            item_id,
            reward,
            settings.learning_rate * settings.remaining(max(0, -seconds)),
        )
        return dataclasses.replace(
            interest,
            updates=interest.updates + 1,
            timestamp=max(interest.timestamp, moment),
            vector=vector,
        )
