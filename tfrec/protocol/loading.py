"""Message classes made of `.proto` files when they are needed, without a compiler.

Modules that protoc generates run with few releases of protobuf, and their messages
cannot stand beside TensorFlow's of the same names. These have a registry of their own.
"""

import pathlib
from typing import Any

from google.protobuf import (
    any_pb2,
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    wrappers_pb2,
)

_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    name.removeprefix("TYPE_").lower(): number for name, number in _FIELD.Type.items()
}


def load_messages(*paths: pathlib.Path) -> dict[str, Any]:
    """Full name to class of every message that stands in no other.

    Args:
        paths: `.proto` files, which may import one another, by name, and protobuf's
            `any.proto` and `wrappers.proto`.

    Raises:
        ValueError: a line is in no form that is known here.
    """
    pool = descriptor_pool.DescriptorPool()
    for known in (any_pb2, wrappers_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    files = [_read(path) for path in paths]
    return message_factory.GetMessages(files, pool)


def _read(path: pathlib.Path) -> descriptor_pb2.FileDescriptorProto:
    """The `FileDescriptorProto`: one statement a line, no options, no oneof."""
    file = descriptor_pb2.FileDescriptorProto(name=path.name, syntax="proto3")
    scopes: list[Any] = [file]
    for line in path.read_text(encoding="utf-8").splitlines():
        scope = scopes[-1]
        match line.partition("//")[0].replace(";", "").split():
            case [] | ["syntax", "=", '"proto3"']:
                pass
            case ["package", name]:
                file.package = name
            case ["import", name]:
                file.dependency.append(name.strip('"'))
            case ["message", name, "{"]:
                inner = file.message_type if scope is file else scope.nested_type
                scopes.append(inner.add(name=name))
            case ["enum", name, "{"]:
                scopes.append(scope.enum_type.add(name=name))
            case ["}"]:
                scopes.pop()
            case [name, "=", number]:
                scope.value.add(name=name, number=int(number))
            case [kind, name, "=", number]:
                _add_field(scope, kind, name, int(number))
            case ["repeated", kind, name, "=", number]:
                _add_field(scope, kind, name, int(number), is_repeated=True)
            case ["map<string,", value, name, "=", number]:
                _add_map(scope, value.removesuffix(">"), name, int(number))
            case _:
                raise ValueError(f"{path.name} has a line of no known form: {line}")
    return file


def _add_field(message, kind, name, number, is_repeated=False):
    label = _FIELD.LABEL_REPEATED if is_repeated else _FIELD.LABEL_OPTIONAL
    field = message.field.add(name=name, number=number, label=label)
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type_name = kind


def _add_map(message, value, name, number):
    """A map is a repeated pair, in protobuf's own words."""
    pair = "".join(part.title() for part in name.split("_")) + "Entry"
    entry = message.nested_type.add(name=pair)
    entry.options.map_entry = True
    _add_field(entry, "string", "key", 1)
    _add_field(entry, value, "value", 2)
    _add_field(message, pair, name, number, is_repeated=True)
