"""Files of a data set as they were published: in folders, or in archives that are read without unpacking them."""

import lzma
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
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
    """Path and content of all files with one of `suffixes` in a folder or an archive, and in the archives in those; of
    a single file, its own.

    The path begins below `source`; an archive inside gives its name without ending as a folder. Files come in the order
    in which they lie.

    Raises: TsearchError, with the name, for a file that cannot be read."""
    if source.is_file() and source.name.endswith(ARCHIVES):
        with open(source, "rb") as opened:
            yield from _archived(str(source), opened, suffixes)
        return
    for file in _files(source, suffixes) if source.is_dir() else [source]:
        path = file.relative_to(source).as_posix() if source.is_dir() else file.name
        if file.name.endswith(ARCHIVES):
            yield from _inside(path, members(file, suffixes))
        else:
            try:
                content = file.read_bytes()
            except OSError as problem:
                raise TsearchError(f"{file}: cannot be read ({problem}). Get it again.") from None
            yield path, content


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """The files that count in a folder; where there is none, the archives."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    plain = [file for file in files if file.name.endswith(suffixes)]
    return plain or [file for file in files if file.name.endswith(ARCHIVES)]


def _archived(where: str, opened: IO[bytes], suffixes: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Path and content of the files that count in an archive, which messages call `where`."""
    name = where
    try:
        for path, entry in _entries(where, opened):
            if not path.endswith((*suffixes, *ARCHIVES)):
                continue
            name = f"{where}/{path}"
            with entry() as file:
                if path.endswith(suffixes):
                    yield path, file.read()
                else:
                    with tempfile.TemporaryFile() as copy:  # an archive in an archive: read in any order
                        shutil.copyfileobj(file, copy)
                        copy.seek(0)
                        yield from _inside(path, _archived(name, copy, suffixes))
            name = where
    except _DAMAGE as problem:
        again = PurePosixPath(where).name
        raise TsearchError(f"{name}: cannot be read ({problem}). Get {again} again.") from None


def _entries(name: str, opened: IO[bytes]) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
    """Path of every file of an archive, and what opens it, in the order in which they lie."""
    if name.endswith(".zip"):
        with zipfile.ZipFile(opened) as archive:
            for member in archive.infolist():
                yield member.filename, partial(archive.open, member)
    else:
        with tarfile.open(fileobj=opened, mode="r|*") as stream:
            for entry in stream:
                content = stream.extractfile(entry) if entry.isfile() else None
                if content is not None:
                    yield entry.name.removeprefix("./"), partial(_itself, content)


def _inside(archive: str, found: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    folder = archive
    for ending in ARCHIVES:
        folder = folder.removesuffix(ending)
    return ((f"{folder}/{path}", content) for path, content in found)


def _itself(content: IO[bytes]) -> IO[bytes]:
    return content
