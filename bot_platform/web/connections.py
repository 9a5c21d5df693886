"""How many clients may be connected at once, and which connection ends for a new one."""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

EACH = 64  # connections of one public address
HEALTH_PLACES = 8  # beyond all others, for health checks
IPV6_PREFIX = 64  # what one customer of a provider has


@dataclass(eq=False, slots=True)
class Connection:
    """One connection; `close` ends it at once. `requests` counts those that have arrived and are in work.

    `owner` is who it is counted for; None for the reverse proxy, which brings everybody.
    """

    owner: str | None
    close: Callable[[], None]
    only_health: bool = False
    requests: int = 0


class Connections:
    """The connections of one listener: at most `most`, and `each` for one public address.

    A connection that holds no whole request has to go for a new one, the oldest of them first. So clients
    that connect and send nothing, or half of a request, keep nobody out. If every connection has a request in
    work, some more are admitted for health checks alone.
    """

    def __init__(self, most: int, each: int = EACH) -> None:
        self._most, self._each = most, each
        self._waiting: dict[Connection, None] = {}  # for the client, the oldest first
        self._ordinary: set[Connection] = set()
        self._for_health: set[Connection] = set()
        self._of: defaultdict[str, set[Connection]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._ordinary) + len(self._for_health)

    @property
    def requests(self) -> int:
        """How many requests are in work."""
        return sum(one.requests for one in self._ordinary | self._for_health)

    def admit(self, peer: str, close: Callable[[], None]) -> Connection | None:
        """Count a new connection from the address `peer`; None when there is no place for it."""
        new = Connection(_owner(peer), close)
        if new.owner and not self._make_room(self._of.get(new.owner, ()), self._each):
            return None
        if not self._make_room(self._ordinary, self._most):
            new.only_health = True
            if not self._make_room(self._for_health, HEALTH_PLACES):
                return None
        (self._for_health if new.only_health else self._ordinary).add(new)
        self._waiting[new] = None
        if new.owner:
            self._of[new.owner].add(new)
        return new

    def begin(self, connection: Connection) -> None:
        """Note that a whole request has arrived."""
        connection.requests += 1
        self._waiting.pop(connection, None)

    def end(self, connection: Connection) -> None:
        """Note that a request was answered: the connection waits for the next one."""
        connection.requests -= 1
        if not connection.requests and (connection in self._ordinary or connection in self._for_health):
            self._waiting[connection] = None

    def leave(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        self._ordinary.discard(connection)
        self._for_health.discard(connection)
        self._waiting.pop(connection, None)
        if connection.owner:
            self._of[connection.owner].discard(connection)
            if not self._of[connection.owner]:
                del self._of[connection.owner]

    def close_oldest(self) -> None:
        """End the connection that has waited longest for its client, if one waits."""
        self._make_room(self._waiting.keys(), len(self._waiting))

    def _make_room(self, among: Collection[Connection], most: int) -> bool:
        """End the oldest that waits for its client, if there are `most`; False when none of them waits."""
        if len(among) < most:
            return True
        oldest = next((one for one in self._waiting if one in among), None)
        if oldest is None:
            return False
        self.leave(oldest)
        oldest.close()
        return True


def _owner(peer: str) -> str | None:
    """Name who is counted: an address, of IPv6 the network; None for a private address, as a proxy has."""
    try:
        address: IPv4Address | IPv6Address = ip_address(peer.partition("%")[0])
    except ValueError:
        return None
    if address.is_private:
        return None
    return str(address if address.version == 4 else ip_network((address, IPV6_PREFIX), strict=False))  # noqa: PLR2004 -- the version
