"""Parameters of a URL's query whose names a model gives: filter.price_max=10."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from fastapi import Request

Named: TypeAlias = tuple[tuple[str, Any], ...]  # sorted names with their values
PARTS = {"filter.": "limits", "user.": "user_features", "context.": "context"}


class OwnParameters:
    """Reads them, for a route to depend on.

    Args:
        *prefixes: of those in `PARTS`, how the names that a route takes begin.
    """

    def __init__(self, *prefixes: str):
        self.prefixes = prefixes

    async def __call__(self, request: Request) -> dict[str, Any]:
        """What `PARTS` calls it -> names and values, as `named` gives them."""
        query = request.query_params
        return {
            PARTS[prefix]: named(
                {
                    name.removeprefix(prefix): value
                    for name, value in query.items()
                    if name.startswith(prefix)
                }
            )
            for prefix in self.prefixes
        }


def named(values: Mapping[str, Any]) -> Named:
    """Values by name in an order that does not depend on who wrote them.

    Example:
        >>> named({"price_max": "10", "brand_any": "acme"})
        (('brand_any', 'acme'), ('price_max', '10'))
    """
    return tuple(sorted(values.items()))
