"""Tests of tfrec.protocol.loading; what it makes of real files is in test_messages."""

import pytest

from tfrec.protocol.loading import load_messages

FILE = """
syntax = "proto3";  // what the file is written in
package shop;
import "google/protobuf/wrappers.proto";
message Basket {
  message Line {
    string item = 1;
    Kind kind = 3;
  }
  enum Kind {
    PLAIN = 0;
    GIFT = 7;
  }
  repeated Line lines = 2;
  map<string, Line> by_name = 4;
  google.protobuf.Int64Value limit = 5;
}
"""


def test_a_file_and_what_it_puts_on_the_wire(tmp_path):
    path = tmp_path / "shop.proto"
    path.write_text(FILE)
    basket = load_messages(path)["shop.Basket"]()
    line = basket.lines.add(item="a", kind=7)
    basket.by_name["b"].item = "c"
    basket.limit.value = 3
    # Tag (number << 3 | 2), length, and the same of what is inside.
    wire_of_line = b"\x0a\x01a\x18\x07"
    assert line.SerializeToString() == wire_of_line
    assert basket.SerializeToString() == (
        b"\x12\x05"
        + wire_of_line
        + b"\x22\x08\x0a\x01b\x12\x03\x0a\x01c\x2a\x02\x08\x03"
    )
    assert type(basket).Kind.Name(line.kind) == "GIFT"


def test_each_load_stands_alone(tmp_path):
    path = tmp_path / "shop.proto"
    path.write_text(FILE)
    first = load_messages(path)["shop.Basket"]
    path.write_text(FILE.replace("limit = 5", "limit = 6"))
    second = load_messages(path)["shop.Basket"]
    numbers = [c.DESCRIPTOR.fields_by_name["limit"].number for c in (first, second)]
    assert numbers == [5, 6]


def test_a_line_that_is_not_understood(tmp_path):
    path = tmp_path / "shop.proto"
    path.write_text(FILE.replace("repeated Line", "required Line"))
    with pytest.raises(ValueError, match=r"shop.proto has a line .*: +required Line"):
        load_messages(path)
