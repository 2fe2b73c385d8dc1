"""Who may ask, and how often: the same for every protocol."""

import grpc

from serving.security.rate_limit import RateLimit
from serving.security.tokens import Role, Tokens
from tfrec.protocol.status import RequestError

_SCHEME = "bearer"


class Gate:
    """Lets requests in or refuses them.

    Args:
        tokens: those that callers must show one of, None for anybody.
        rate_limit: of each token, or of each address where there are none.
    """

    def __init__(
        self, tokens: Tokens | None = None, rate_limit: RateLimit | None = None
    ):
        self._tokens = tokens
        self._rate_limit = rate_limit

    def admit(self, authorization: str, host: str, role: Role = Role.ASK) -> None:
        """Lets a request in.

        Args:
            authorization: the header, such as `"Bearer …"`, or `""`.
            host: address of the caller.
            role: that the request needs, where tokens are asked for.

        Raises:
            RequestError: as `identify`, or RESOURCE_EXHAUSTED for too many.
        """
        client = self.identify(authorization, role) or host
        if self._rate_limit and not self._rate_limit.allows(client):
            raise RequestError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "This client asks more often than it may. Try again later.",
            )

    def identify(self, authorization: str, role: Role = Role.ASK) -> str:
        """Which token a caller shows, `""` where none is asked for.

        Raises:
            RequestError: UNAUTHENTICATED, or PERMISSION_DENIED if the token's role is
                not enough.
        """
        if not self._tokens:
            return ""
        scheme, _, token = authorization.partition(" ")
        known = self._tokens.find(token.strip())
        if scheme.lower() != _SCHEME or known is None:
            raise RequestError(
                grpc.StatusCode.UNAUTHENTICATED,
                "The request must have the header `authorization: Bearer TOKEN` with "
                "a token that this server knows.",
            )
        if known.role < role:
            raise RequestError(
                grpc.StatusCode.PERMISSION_DENIED,
                f"The token's role must be `{role.name.lower()}` or more. Received: "
                f"`{known.role.name.lower()}`.",
            )
        return f"token {known.number}"
