"""Files of a data set as they were published: in folders, or in archives that are read without unpacking them."""

import lzma
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tsearch.configuration import DataSpec
from tsearch.data.folders import data_root
from tsearch.errors import TsearchError

_TAR = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
ARCHIVES = (*_TAR, ".zip")
_DAMAGE = (
    OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error, tarfile.TarError,
    lzma.LZMAError,
)  # fmt: skip

Listing = list[tuple[str, int, int]]


def find(spec: DataSpec, places: tuple[str, ...], names: tuple[str, ...], get_it_from: str) -> Path:
    """The first of `names` in one of `places` of the data folder of `spec`. A name may be a pattern such as
    `cifar-10-python*.tar.*`; of several files, the first by name is taken.

    Raises: TsearchError where there is none, with the page `get_it_from`."""
    root = data_root(spec)
    for place in places:
        for name in names:
            matches = sorted((root / place).glob(name))
            if matches:
                return matches[0]
    raise TsearchError(
        f"data {spec.name}: no {' or '.join(names)} in {root}, nor in its {', '.join(places[:-1])}. Get it from "
        f"{get_it_from}, and give the folder that holds {places[0]}/ as data.root or in TSEARCH_DATA."
    )


def listing(source: Path, suffixes: tuple[str, ...]) -> Listing:
    """Name, size and time of an archive, or of every file of a folder that counts: what has changed is read again."""
    files = [source] if source.is_file() else _files(source, suffixes)
    stats = [(file, file.stat()) for file in files]
    return [(str(file.resolve()), stat.st_size, stat.st_mtime_ns) for file, stat in stats]


def members(source: Path, suffixes: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Path and content of all files with one of `suffixes` in a folder or an archive, and in the archives in those.

    The path begins below `source`; an archive inside gives its name without ending as a folder. Files come in the order
    in which they lie.

    Raises: TsearchError, with the name, for a file that cannot be read."""
    where = str(source)
    try:
        if source.is_dir():
            for file in _files(source, suffixes):
                where, path = str(file), file.relative_to(source).as_posix()
                if file.name.endswith(ARCHIVES) and not file.name.endswith(suffixes):
                    yield from _inside(path, members(file, suffixes))
                else:
                    yield path, file.read_bytes()
        else:
            with open(source, "rb") as opened:
                for path, content in _archived(source.name, opened, suffixes):
                    where = f"{source}/{path}"
                    yield path, content
    except _DAMAGE as problem:
        raise TsearchError(f"{where}: cannot be read ({problem}). Get {source.name} again.") from None


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """The files that count in a folder; where there is none, the archives."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    plain = [file for file in files if file.name.endswith(suffixes)]
    return plain or [file for file in files if file.name.endswith(ARCHIVES)]


def _archived(name: str, opened: IO[bytes], suffixes: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    if name.endswith(".zip"):
        with zipfile.ZipFile(opened) as archive:
            for member in archive.infolist():
                if member.filename.endswith((*suffixes, *ARCHIVES)):
                    with archive.open(member) as file:
                        yield from _member(member.filename, file, suffixes)
    else:
        with tarfile.open(fileobj=opened, mode="r|*") as stream:
            for entry in stream:
                content = stream.extractfile(entry) if entry.name.endswith((*suffixes, *ARCHIVES)) else None
                if content is not None:
                    yield from _member(entry.name, content, suffixes)


def _member(path: str, file: IO[bytes], suffixes: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    path = path.removeprefix("./")
    if path.endswith(suffixes):
        yield path, file.read()
        return
    with tempfile.TemporaryFile() as copy:  # an archive in an archive: read in any order
        shutil.copyfileobj(file, copy)
        copy.seek(0)
        yield from _inside(path, _archived(path, copy, suffixes))


def _inside(archive: str, found: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    folder = archive
    for ending in ARCHIVES:
        folder = folder.removesuffix(ending)
    return ((f"{folder}/{path}", content) for path, content in found)
