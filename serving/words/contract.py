"""What every language model gives, wherever it runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypedDict

from tfrec.errors import ServingError

# Why a model gave nothing that can be used.
Failure = Literal["deadline", "unreachable", "refused", "garbage", "too_large", "cut"]

Role = Literal["system", "user", "assistant"]


class ChatMessage(TypedDict):
    """One message of a conversation, as OpenAI's API has it."""

    role: Role
    content: str


@dataclass(frozen=True)
class Completion:
    """What a model wrote.

    Attributes:
        text: as it came.
        prompt_tokens: that it read; 0 if it does not say.
        completion_tokens: that it wrote; 0 if it does not say.
        is_cut: whether it would have written more.
    """

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    is_cut: bool = False


class LanguageModelError(ServingError):
    """A language model gave nothing that can be used.

    Attributes:
        failure: the kind of it, for metrics.
    """

    def __init__(self, failure: Failure, words: str):
        super().__init__(words)
        self.failure = failure


class LanguageModel(Protocol):
    """Writes texts; safe for many threads.

    Attributes:
        name: goes into answers.
        is_local: whether what it reads stays on this machine: it runs in a process of
            this program or listens on a loopback address.
    """

    name: str
    is_local: bool

    def generate(
        self, messages: Sequence[ChatMessage], *, max_tokens: int, deadline: float
    ) -> Completion:
        """Continues a conversation, the likeliest token at each step.

        Args:
            messages: what it reads.
            max_tokens: that it may write.
            deadline: `time.monotonic()` at which nobody waits any more. The call
                returns or raises within a second of it.

        Raises:
            LanguageModelError: nothing came that can be used; whatever the other side
                sends, time and memory are bounded.
        """

    def close(self) -> None:
        """Ends what runs for it."""
