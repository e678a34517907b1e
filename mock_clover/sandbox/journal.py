"""The journal: the most recent exchanges of a sandbox, bounded in number and in bytes."""

from collections import deque
from collections.abc import Callable, Iterator

from mock_clover.core.record import encode
from mock_clover.sandbox.exchange import (
    NO_HEADERS,
    Exchange,
    HeaderNames,
    cut_exchange,
    header_names,
    mask_exchange,
)

ENTRIES_MAX = 1_000
"""Maximum number of exchanges per sandbox."""
JOURNAL_BYTES_MAX = 4 * 1_048_576
"""Maximum size of the exchanges of a sandbox; a thousand usual ones take about 2 MiB."""
JOURNALS_BYTES_MAX = 64 * 1_048_576
"""Maximum size of the exchanges of all sandboxes of a server."""
LINES_BYTES_MAX = 2_097_152
"""Maximum size of the cached JSON lines for live-journal clients; about 1,000 exchanges."""


class JournalBudget:
    """The size of all journals of a server.

    If it is exceeded, the journal that was not written to for the longest time loses its oldest
    exchanges.
    """

    __slots__ = ("_journals", "bytes", "newest")

    def __init__(self) -> None:
        self.bytes = 0
        self._journals: dict[Journal, None] = {}
        """From least to most recently written."""
        self.newest: Journal | None = None

    def add(self, journal: "Journal") -> None:
        """Count the journal of a sandbox that was registered."""
        if journal.budget is not self:
            journal.budget = self
            self.bytes += journal.bytes
            self.make_room(journal)

    def remove(self, journal: "Journal") -> None:
        """Stop counting a journal."""
        journal.budget = None
        self.bytes -= journal.bytes
        self._journals.pop(journal, None)
        self.newest = None if self.newest is journal else self.newest

    def make_room(self, journal: "Journal") -> None:
        """Note that a journal was written to, and evict what exceeds the maximum."""
        self._journals.pop(journal, None)
        self._journals[journal] = None
        self.newest = journal
        while self.bytes > JOURNALS_BYTES_MAX:
            oldest = next(iter(self._journals))
            if not oldest.evict_oldest():
                del self._journals[oldest]


class Turns:
    """Counts the exchanges of all merchants at an address: their times may be equal."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Journal:
    """A ring buffer of exchanges."""

    __slots__ = (
        *("_entries", "_lines", "_lines_bytes", "_places"),
        *("budget", "bytes", "count", "header_names", "header_values", "origins", "turns"),
        "watchers",
    )

    def __init__(self) -> None:
        self._entries: deque[Exchange] = deque()
        self.header_names = NO_HEADERS
        """Those of the newest exchange, shared by the next one if it has the same."""
        self.header_values = b""
        """The same for the stored values."""
        self.bytes = 0
        """The approximate size of the exchanges in memory."""
        self.budget: JournalBudget | None = None
        """The budget of the server, while the sandbox is registered."""
        self.count = 0
        """Total number of exchanges written."""
        self.origins: dict[int, int] = {}
        """The exchange that each replay repeats, both by number."""
        self.turns: Turns | None = None
        """The order of all exchanges at an address with several merchants."""
        self._places: deque[int] = deque(maxlen=ENTRIES_MAX)
        """The places of the newest exchanges in this order."""
        self.watchers: set[Callable[[], None]] = set()
        """Callbacks, called after each exchange."""
        self._lines: dict[int, bytes] = {}
        self._lines_bytes = 0

    def __iter__(self) -> Iterator[Exchange]:
        """Iterate over the stored exchanges, oldest first."""
        return iter(self._entries)

    def after(self, number: int) -> Iterator[Exchange]:
        """Iterate over the stored exchanges with a number above `number`, oldest first."""
        newer = min(self.count - number, len(self._entries))
        return (self._entries[index] for index in range(-newer, 0))

    def json_line(self, exchange: Exchange) -> bytes:
        """Return an exchange as masked JSON, cached for all watchers."""
        line = self._lines.get(exchange.number)
        if line is None:
            line = encode(mask_exchange(exchange))
            if self._lines_bytes > LINES_BYTES_MAX:
                self.clear_line_cache()
            self._lines[exchange.number] = line
            self._lines_bytes += len(line)
        return line

    def clear_line_cache(self) -> None:
        """Clear the cache of exchanges as JSON."""
        self._lines.clear()
        self._lines_bytes = 0

    def find(self, number: int) -> Exchange | None:
        """Return the exchange with this number, or None if it was evicted."""
        index = number - 1 - self.count
        return self._entries[index] if -len(self._entries) <= index < 0 else None

    def place_of(self, number: int) -> int:
        """Return the place of an exchange in the order of all merchants at the address.

        Without other merchants it is the number of the exchange.
        """
        if self.turns is None:
            return number
        index = number - 1 - self.count
        return self._places[index] if -len(self._places) <= index < 0 else 0

    @property
    def last_place(self) -> int:
        """The place of the newest exchange at the address."""
        return self.count if self.turns is None else self.turns.count

    def note_replay(self, origin: int) -> None:
        """Note that the newest exchange repeats another one; forget those that were evicted."""
        oldest = self.count - len(self._entries)
        self.origins = {new: old for new, old in self.origins.items() if new > oldest}
        self.origins[self.count] = origin

    def replays_of(self, number: int) -> tuple[int, ...]:
        """Return the stored exchanges that repeat an exchange, oldest first."""
        return tuple(new for new, old in self.origins.items() if old == number and self.find(new))

    def new_header_names(self, headers: dict[bytes, bytes]) -> HeaderNames:
        """Return the names in a dict of headers that has others than the newest exchange."""
        self.header_names, self.header_values = header_names(tuple(headers)), b""
        return self.header_names

    def add(self, exchange: Exchange) -> None:
        """Add an exchange with the next number; what is too long in it is masked and cut."""
        self.append(cut_exchange(exchange, self.count + 1))

    def append(self, exchange: Exchange) -> None:
        """Append an exchange that has the next number and its size, and nothing too long."""
        entries, budget, size = self._entries, self.budget, exchange.size
        self.count = exchange.number
        entries.append(exchange)
        if len(entries) > ENTRIES_MAX:
            size -= entries.popleft().size
        self.bytes += size
        if budget is not None:
            budget.bytes += size
            if budget.newest is not self or budget.bytes > JOURNALS_BYTES_MAX:
                budget.make_room(self)
        while self.bytes > JOURNAL_BYTES_MAX:
            self.evict_oldest()
        if self.turns is not None:
            self.turns.count += 1
            self._places.append(self.turns.count)
        if self.watchers:
            self.notify()

    def forget_after(self, count: int) -> None:
        """Remove the exchanges that were added since `count` had this value."""
        while self.count > count:
            self._lines.pop(self.count, None)
            self.count -= 1
            if self._entries:
                self._uncount(self._entries.pop())
            if self.turns is not None:
                self._places.pop()

    def evict_oldest(self) -> bool:
        """Remove the oldest exchange; return False if there is none."""
        if not self._entries:
            return False
        self._uncount(self._entries.popleft())
        return True

    def _uncount(self, removed: Exchange) -> None:
        self.bytes -= removed.size
        if self.budget is not None:
            self.budget.bytes -= removed.size

    def close(self) -> None:
        """Release its share of the budget; live-journal clients are notified of the deletion."""
        if self.budget is not None:
            self.budget.remove(self)
        self.notify()

    def notify(self) -> None:
        """Notify the watchers that an exchange or delivery changed, or the sandbox was deleted."""
        for watcher in tuple(self.watchers):
            watcher()
