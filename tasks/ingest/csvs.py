"""CSV as the exchange writes it, with or without header, plain or zipped."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence

import polars as pl

from lake.errors import InputError
from tasks.ingest.columns import KLINE_COLUMNS

MAX_MEMBER_BYTES = 4 * 1024**3
_NUMBER = re.compile(rb"\s*-?[0-9.]+([eE][+-]?[0-9]+)?\s*")
_BOM = b"\xef\xbb\xbf"


def unzip(name: str, data: bytes) -> bytes:
    """Return the one CSV in the zip `data`, checked against its CRC.

    Raises
    ------
    InputError
        When the zip is truncated or corrupt, or holds anything but one CSV beside it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.read(_only_member(name, archive))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(
            f"{name} is no whole zip: {error}",
            "a zip as the exchange publishes it",
            "download the file again",
        ) from error


def _only_member(name: str, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = archive.infolist()
    names = [member.filename for member in members]
    fits = len(members) == 1 and re.fullmatch(r"[^/\\:]+\.csv", names[0]) is not None
    if not fits or members[0].flag_bits & 1 or members[0].file_size > MAX_MEMBER_BYTES:
        raise InputError(
            f"{name} holds {len(names)} files: {', '.join(names[:3]) or 'nothing'}",
            "one CSV without a folder, not encrypted, of at most 4 GiB",
            "zip each CSV alone, or unpack them",
        )
    return members[0]


def read_csv(
    name: str,
    data: bytes,
    choose: Callable[[Sequence[str]], list[str]],
    bare: Sequence[str] = KLINE_COLUMNS,
) -> tuple[pl.DataFrame, int]:
    """Return the text of every cell, and the line of the first row.

    Parameters
    ----------
    choose : callable
        Says which of the columns are wanted.
    bare : sequence of str
        The columns where there is no header; empty where there has to be one.

    Raises
    ------
    InputError
        When the last line is cut, or there is neither header nor the `bare` columns.
    """
    data = data.removeprefix(_BOM)
    first = data.partition(b"\n")[0].rstrip(b"\r")
    has_header = _NUMBER.fullmatch(first.partition(b",")[0].strip(b'"')) is None
    _check_shape(name, data, first, None if has_header else bare)
    text = data if has_header else ",".join(bare).encode() + b"\n" + data
    try:
        names = pl.read_csv(io.BytesIO(text), n_rows=0, infer_schema=False).columns
        frame = pl.read_csv(io.BytesIO(text), columns=choose(names), infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise InputError(
            f"{name} is no CSV: {str(error).splitlines()[0]}",
            "text with commas and one row per bar",
            "download the file again",
        ) from error
    return frame, 2 if has_header else 1


def _check_shape(name: str, data: bytes, first: bytes, bare: Sequence[str] | None) -> None:
    last = data.rstrip().rpartition(b"\n")[2]
    wanted = first.count(b",")
    if bare is not None and wanted + 1 != len(bare):
        raise InputError(
            f"{name} has no header and {wanted + 1} columns",
            f"{len(bare)} columns, or a header line" if bare else "a header line",
            "add a header line that names the columns",
        )
    if last.count(b",") < wanted:
        raise InputError(
            f"{name} ends in the middle of a line",
            f"{wanted + 1} columns in the last line",
            "the file is cut: download it again",
        )
