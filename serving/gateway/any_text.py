"""Parts of a route's path that may hold any text."""

from starlette.convertors import Convertor, register_url_convertor  # codespell:ignore


class _AnyText(Convertor):  # codespell:ignore
    """As Starlette's `path`, but line breaks count too."""

    regex = "(?s:.*)"

    def convert(self, value):
        return value

    def to_string(self, value):
        return value


register_url_convertor("any", _AnyText())


def any_text(name: str) -> str:
    """The place in a path of a parameter that takes any text, slashes included."""
    return f"{{{name}:any}}"
