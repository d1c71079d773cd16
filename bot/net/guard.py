"""Which addresses may be reached, decided on the resolved address at every new connection.

A name is looked up once and the address that was checked is the one that is dialled, so a name that changes its
answers between check and use gains nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from bot.net.errors import NotAllowed, NotReached

Address = IPv4Address | IPv6Address

_GLOBAL_UNICAST = ip_network("2000::/3")
"""All the public addresses of IPv6 there are; NAT64's lie outside and are judged by what they carry."""
_NAT64 = ip_network("64:ff9b::/96")
_NOT_PUBLIC = (  # although Python, or some version of it, says so
    ip_network("192.0.0.0/24"),  # protocols' own
    ip_network("192.88.99.0/24"),  # relays of 6to4
    ip_network("3fff::/20"),  # documentation
)
_HEAD_START_S = 0.25
"""How long one address is tried alone before the next is tried beside it (RFC 8305)."""


class Guard:
    """Opens connections, to allowed addresses only."""

    def __init__(self, *, private: bool, allow: Sequence[str] = ()) -> None:
        """`private`: an operator wrote the address, and every address may be reached. Otherwise public addresses and
        the networks in `allow` ("10.0.0.0/8") may. Raises ValueError for a network that is none.
        """
        self._private = private
        self._allow: tuple[IPv4Network | IPv6Network, ...] = tuple(ip_network(network) for network in allow)

    def allows(self, address: Address) -> bool:
        """Tell whether this address may be reached."""
        if self._private:
            return True
        carried = _carried(address) or address
        return _is_public(address) or any(carried in network or address in network for network in self._allow)

    async def connect(self, host: str, port: int, timeout_s: float) -> socket.socket:
        """Open a TCP connection; return its non-blocking socket.

        If the name stands for several addresses, all must be allowed; the first to answer is taken. Raises NotAllowed,
        and NotReached when the name is unknown or nothing answers within `timeout_s`.
        """
        deadline = asyncio.get_running_loop().time() + timeout_s
        try:
            async with asyncio.timeout_at(deadline):
                found = await _look_up(host, port)
        except TimeoutError as error:
            raise NotReached(f"{host}: looking up the name took over {timeout_s:g} s") from error
        except (OSError, ValueError) as error:
            raise NotReached(f"{host}: the name was not found ({error})") from error
        for _, place in found:
            if not self.allows(ip_address(place[0])):
                raise NotAllowed(f"{host}: {place[0]} is not among the addresses that may be reached")
        try:
            async with asyncio.timeout_at(deadline):
                return await _dial_all(found)
        except TimeoutError as error:
            raise NotReached(f"{host} port {port}: no answer within {timeout_s:g} s") from error
        except OSError as error:
            raise NotReached(f"{host} port {port}: {error}") from error


Place = tuple[str | int, ...]
"""What a socket connects to: a literal address, the port, and of IPv6 what else belongs to it."""


async def _look_up(host: str, port: int) -> list[tuple[socket.AddressFamily, Place]]:
    literal = _literal(host)
    if literal is not None:
        family = socket.AF_INET if literal.version == 4 else socket.AF_INET6
        return [(family, (str(literal), port))]
    loop = asyncio.get_running_loop()
    answers = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, (str(place[0]), port, *place[2:])) for family, _, _, _, place in answers]


def _literal(host: str) -> Address | None:
    """Read an address, also as the C library does: `127.1`, `2130706433`, `0x7f.1`."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


async def _dial_all(found: Sequence[tuple[socket.AddressFamily, Place]]) -> socket.socket:
    """Dial one address after the other, and the next as soon as one fails or is slow; the first to answer wins."""
    waiting = list(found)
    dials: set[asyncio.Task[socket.socket]] = set()
    failures: list[str] = []
    try:
        while waiting or dials:
            if waiting:
                dials.add(asyncio.create_task(_dial(*waiting.pop(0))))
            head_start = _HEAD_START_S if waiting else None
            done, _ = await asyncio.wait(dials, timeout=head_start, return_when=asyncio.FIRST_COMPLETED)
            for dial in done:
                dials.remove(dial)
                try:
                    return dial.result()
                except OSError as error:
                    failures.append(str(error))
    finally:
        for dial in dials:  # without waiting for their end: this task may be cancelled once more
            dial.cancel()
            dial.add_done_callback(_close)
    raise OSError("; ".join(failures) or "the name has no address")


def _close(dial: asyncio.Task[socket.socket]) -> None:
    if not dial.cancelled() and dial.exception() is None:
        dial.result().close()


async def _dial(family: socket.AddressFamily, place: Place) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, place)
    except BaseException:
        sock.close()
        raise
    return sock


def _is_public(address: Address) -> bool:
    carried = _carried(address)
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return carried is not None and _is_public(carried)
    if any(address in network for network in _NOT_PUBLIC) or not address.is_global or address.is_multicast:
        return False
    return carried is None or _is_public(carried)


def _carried(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that packets to this IPv6 address end at: mapped, NAT64 or 6to4."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour
