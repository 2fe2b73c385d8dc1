"""Files of text, read in chunks of whole lines."""

import codecs
import gzip

from tfrec.errors import DataError

CHUNK_CHARACTERS = 16 << 20
_GZIP = b"\x1f\x8b"
_MARKS = {  # bytes a file may begin with; UTF-32's begin with those of UTF-16
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_ADVICE = "Write it again as UTF-8, for instance with `iconv -f {} -t UTF-8 OLD > NEW`."


def text_chunks(path):
    """Yields strings of whole lines, ends of line included.

    A byte order mark decides the encoding, which is UTF-8 otherwise; gzip is undone.

    Raises:
        DataError: the text is in another encoding; names the first such byte.
    """
    opener = _opener(path)
    with opener(path, "rb") as file:
        head = file.read(4)
    encoding = next((e for mark, e in _MARKS.items() if head.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in head[:2]:
        raise DataError(
            f"{path} must be UTF-8. Received: a byte 0x00 in its first character, as "
            f"in UTF-16 without a byte order mark. {_ADVICE.format('UTF-16LE')}"
        )
    with opener(path, "rt", encoding=encoding, newline="") as file:
        try:
            while text := file.read(CHUNK_CHARACTERS):
                yield text + file.readline()
        except UnicodeError as error:
            raise _wrong_encoding(path, encoding) from error


def _opener(path):
    with open(path, "rb") as file:
        is_gzip = file.read(2) == _GZIP or path.name.lower().endswith(".gz")
    return gzip.open if is_gzip else open


def _wrong_encoding(path, encoding):
    """The DataError that names the first byte which is not of the encoding."""
    if not encoding.startswith("utf-8"):
        return DataError(
            f"{path} must be {encoding.upper()}, as its byte order mark says, but "
            f"cannot be read as that. {_ADVICE.format('ENCODING')}"
        )
    offset = 0
    with _opener(path)(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                at = error.start
                around = line[max(at - 20, 0) : at + 20]
                return DataError(
                    f"{path} must be UTF-8. Received: the byte 0x{line[at]:02x} "
                    f"at byte {offset + at} of the text, in line {number} "
                    f"({around!r}). {_ADVICE.format('WINDOWS-1252')}"
                )
            offset += len(line)
    return DataError(f"{path} must be UTF-8. It changed while it was read.")
