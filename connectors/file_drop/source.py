"""The source: files of a folder, in the order of their names, a bounded number of rows at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from bus.envelope import Envelope
from bus.errors import ConfigError, PartnerUnavailable
from connectors.file_drop import bookmark
from connectors.file_drop.bookmark import FilePlace
from connectors.file_drop.folder import Folder, Found
from connectors.file_drop.mapping import FileMapping
from connectors.file_drop.ordinals import Ordinals
from connectors.file_drop.reading import Changed, FileReader, Gone, Room
from connectors.file_drop.whole_files import cut_short, unusable
from connectors.sdk import Batch, Fetched

BATCH = Room(rows=1000, size=4 * 1024 * 1024)
_MAX_CURSOR_BYTES = 1_000_000
_MAX_CHANGES = 3


class FileSource:
    """Rows of files as facts; implements :class:`~connectors.sdk.Source` and :class:`~connectors.sdk.Watching`.

    Only the cursor is believed: what is kept between two fetches is forgotten as soon as another cursor than the
    last one comes in.
    """

    def __init__(self, mapping: FileMapping) -> None:
        self._mapping = mapping
        self._folder = Folder(mapping.layout)
        self._ordinals: Ordinals | None = None
        self._watches = False
        self._last: bytes | None = None
        self._places: dict[str, FilePlace] = {}
        self._reader: FileReader | None = None
        self._changes: Counter[str] = Counter()

    @property
    def name(self) -> str:
        """The mapping's ``source:``."""
        return self._mapping.source

    @property
    def topic(self) -> str:
        """The mapping's ``topic:``."""
        return self._mapping.topic

    @property
    def interval_s(self) -> float:
        """The mapping's ``files: interval_s:``."""
        return self._mapping.layout.interval_s

    def watch(self) -> None:
        """Leave files that are still being written, and a last line without its end, for later."""
        self._watches = True

    def fetch(self, cursor: bytes | None) -> Batch:
        """Return the next rows, across files; as the port says.

        Raises :class:`~bus.errors.ConfigError` at the very first where there is no file, or the only one does not
        fit the mapping: then nothing was started.
        """
        if cursor is None or cursor != self._last:
            self._forget()
            self._places = bookmark.decode(cursor, self._mapping.digest)
        try:
            return self._batch(is_first=cursor is None)
        except OSError as error:
            self._forget()
            raise PartnerUnavailable(
                f"the files cannot be read: {error.strerror}", hint="Is the disk sound?"
            ) from error
        except BaseException:
            self._forget()
            raise

    def map(self, item: Fetched) -> Sequence[Envelope]:
        """Return the events that a row tells; as the port says."""
        return self._mapping.tell(item)

    def close(self) -> None:
        """Let go of the open file and of the counts. May be repeated."""
        self._forget()
        if self._ordinals is not None:
            self._ordinals.close()
            self._ordinals = None

    # -- one batch ------------------------------------------------------------------------------------------

    def _batch(self, *, is_first: bool) -> Batch:
        items: list[Fetched] = []
        ended = self._reader.file.name if self._reader is not None else None
        more = self._read_on(items)
        if not more:
            files = self._listed(is_first=is_first)
            items += self._gone(files)
            # What was written to a file while it was read waits for the next look.
            unread = (file for file in self._unread(files) if file.name != ended)
            more = self._read_each(unread, items, is_alone=is_first and len(files) == 1)
        self._last = bookmark.encode(self._mapping.digest, self._places)
        if len(self._last) > _MAX_CURSOR_BYTES:
            hint = "Move files that were read into another folder: the cursor remembers each that is there."
            raise ConfigError(f"{len(self._places)} files are more than a cursor can hold", hint=hint)
        return Batch(items=items, cursor=self._last, more=more)

    def _read_each(self, files: Iterable[Found], items: list[Fetched], *, is_alone: bool) -> bool:
        """Read file after file, and tell whether there is more than the batch may take."""
        for file in files:
            try:
                self._begin(file, items)
            except ConfigError as error:
                self._let_go()
                if is_alone:
                    raise ConfigError(f"{file.name}: {error}", hint=error.hint) from error
                items.append(unusable(file, error))
                self._places[file.name] = FilePlace(size=file.size, stamp=file.stamp)
            if self._read_on(items):
                return True
        return False

    def _begin(self, file: Found, items: list[Fetched]) -> None:
        """Open a file where it was left; one that is no longer the same begins anew."""
        place = self._places.get(file.name, FilePlace())
        try:
            self._reader = reader = FileReader(file, self._mapping, self._counts())
        except Gone:
            return
        try:
            reader.start(place)
        except Changed:
            if not place.is_done:
                items.append(cut_short(file.name, place, "was replaced"))
            self._places.pop(file.name)
            reader.start(FilePlace())

    def _read_on(self, items: list[Fetched]) -> bool:
        """Fill the batch from the open file, and tell whether there is more to fetch at once."""
        reader = self._reader
        if reader is None:
            return False
        room = Room(BATCH.rows - len(items), BATCH.size - sum(len(item.raw) for item in items))
        if room.rows <= 0 or room.size <= 0:
            return True
        items += reader.read(room, lambda: self._takes_open_line(reader))
        self._places[reader.file.name] = reader.place()
        return self._end(reader) if reader.at_end else True

    def _end(self, reader: FileReader) -> bool:
        """Note how the file looked at its end; tell whether it has to be read again at once, because it changed."""
        name, now = reader.file.name, reader.look_again()
        is_same = now.stamp == reader.file.stamp
        is_rewritten = not is_same and not reader.is_unchanged()
        if is_same:
            self._places[name] = reader.place_at_end()
        elif is_rewritten:
            self._places.pop(name)
        self._let_go()
        return is_rewritten and not self._watches and self._may_begin_again(name)

    def _may_begin_again(self, name: str) -> bool:
        self._changes[name] += 1
        if self._changes[name] > _MAX_CHANGES:
            self._changes.clear()
            hint = "Write under another name, such as `….part`, and rename the file when it is whole."
            raise PartnerUnavailable(f"{name} keeps changing while it is read", hint=hint)
        return True

    def _takes_open_line(self, reader: FileReader) -> bool:
        """Say whether a last line without its end is a row: not while somebody writes, or may go on to."""
        may_be_whole = not self._watches or self._mapping.layout.settle_s > 0
        return may_be_whole and reader.look_again().stamp == reader.file.stamp

    # -- files ----------------------------------------------------------------------------------------------

    def _listed(self, *, is_first: bool) -> Sequence[Found]:
        if not self._watches:
            self._folder.check_there()
        files = self._folder.files()
        if is_first and not files and not self._watches:
            shown = ", ".join(f"`{pattern}`" for pattern in self._mapping.layout.patterns)
            raise ConfigError(f"no file fits {shown}", hint="Correct `files: path:`, or put a file there.")
        return files

    def _unread(self, files: Sequence[Found]) -> Iterator[Found]:
        """Yield the files with something new. One that is being written holds back those behind it: order first."""
        for file in files:
            place = self._places.get(file.name)
            if place is not None and place.looks_read(file.stamp, self._watches):
                continue
            if self._watches and not self._folder.is_at_rest(file):
                return
            yield file

    def _gone(self, files: Sequence[Found]) -> Sequence[Fetched]:
        """Forget files that are no longer there; one that was not read to its end leaves a letter."""
        there = {file.name for file in files}
        gone = {name: place for name, place in self._places.items() if name not in there}
        for name in gone:
            del self._places[name]
        return [cut_short(name, place, "went away") for name, place in gone.items() if not place.is_done]

    def _counts(self) -> Ordinals | None:
        if self._mapping.id_columns:
            return None
        if self._ordinals is None:
            self._ordinals = Ordinals()
        return self._ordinals

    def _let_go(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _forget(self) -> None:
        self._let_go()
        self._last, self._places = None, {}
