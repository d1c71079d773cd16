"""The guard: which addresses are public, how hosts are read, which of several addresses is dialled."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest
import pytest_asyncio

from bot.net.errors import NotAllowed, NotReached
from bot.net.guard import Guard
from tests.support.net import PATIENCE_S, Line, Listener, listening

Answers = list[str]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Listener]:
    async with listening(Line.gone) as server:
        yield server


@contextmanager
def names(**table: list[Answers]) -> Iterator[list[str]]:
    """Answer look-ups of these names (with `_` for `.`), each time with the next answers; list what was looked up."""
    asked: list[str] = []

    def look_up(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(host)
        answers = table[host.replace(".", "_")]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in found
        ]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", look_up)
        yield asked


PUBLIC = [
    "1.1.1.1",
    "93.184.216.34",
    "172.32.0.1",
    "2606:4700:4700::1111",
    "::ffff:1.1.1.1",  # mapped
    "64:ff9b::101:101",  # NAT64 of 1.1.1.1: what hosts behind DNS64 get for public names
    "2002:101:101::1",  # 6to4 of 1.1.1.1
]
NOT_PUBLIC = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "0.1.2.3",
    "10.1.2.3",
    "100.64.0.1",  # carriers' own
    "169.254.169.254",  # metadata of clouds
    "172.16.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",  # 6to4 relays
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",  # IPv4-compatible
    "::1.1.1.1",
    "::ffff:0:1.1.1.1",  # translated
    "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",  # NAT64 within a network
    "100::1",
    "2001::1",  # Teredo
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "2002:a00:1::1",
    "3fff::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",  # site-local
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert Guard(private=False).allows(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_other_addresses_are_for_operators_only(address: str) -> None:
    assert not Guard(private=False).allows(ip_address(address))
    assert Guard(private=True).allows(ip_address(address))


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("64:ff9b::a01:203", True),
        ("fd00::1", True),
        ("11.0.0.1", True),
        ("192.168.0.1", False),
        ("fd01::1", False),
        ("::ffff:192.168.0.1", False),
    ],
)
def test_networks_can_be_allowed(address: str, allowed: bool) -> None:
    guard = Guard(private=False, allow=["10.0.0.0/8", "fd00::/32"])
    assert guard.allows(ip_address(address)) == allowed


@pytest.mark.parametrize("network", ["10.0.0.1/8", "everything", ""])
def test_a_network_that_is_none_is_refused_at_once(network: str) -> None:
    with pytest.raises(ValueError, match=r"network|address|host bits"):
        Guard(private=False, allow=[network])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost"])
async def test_every_way_to_write_this_machine_is_seen_through(server: Listener, host: str) -> None:
    with pytest.raises(NotAllowed) as caught:
        await Guard(private=False).connect(host, server.port, PATIENCE_S)
    assert host in caught.value.detail
    assert server.lines == []

    (await Guard(private=True).connect(host, server.port, PATIENCE_S)).close()
    (await Guard(private=False, allow=["127.0.0.0/8", "::1/128"]).connect(host, server.port, PATIENCE_S)).close()


@pytest.mark.parametrize("host", ["::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "64:ff9b::7f00:1", "::"])
async def test_also_in_ipv6(host: str) -> None:
    with pytest.raises(NotAllowed):
        await Guard(private=False).connect(host, 80, PATIENCE_S)


async def test_the_socket_is_connected_and_does_not_block(server: Listener) -> None:
    with await Guard(private=True).connect("127.0.0.1", server.port, PATIENCE_S) as sock:
        assert sock.getpeername() == ("127.0.0.1", server.port)
        assert not sock.getblocking()


async def test_one_address_that_is_not_allowed_spoils_the_name(server: Listener) -> None:
    with names(mixed_example=[["1.1.1.1", "127.0.0.1"]]), pytest.raises(NotAllowed, match=r"127\.0\.0\.1"):
        await Guard(private=False).connect("mixed.example", server.port, PATIENCE_S)
    assert server.lines == []


async def test_the_address_that_was_checked_is_dialled(server: Listener) -> None:
    guard = Guard(private=False, allow=["127.0.0.1/32"])
    with names(rebinding_example=[["127.0.0.1"], ["127.0.0.2"]]) as asked:
        (await guard.connect("rebinding.example", server.port, PATIENCE_S)).close()
        assert asked == ["rebinding.example"]
        with pytest.raises(NotAllowed):  # a new connection is a new check
            await guard.connect("rebinding.example", server.port, PATIENCE_S)


async def test_literal_addresses_are_not_looked_up(server: Listener) -> None:
    with names() as asked:
        (await Guard(private=True).connect("127.1", server.port, PATIENCE_S)).close()
    assert asked == []


async def test_when_the_first_address_refuses_the_next_is_tried(server: Listener) -> None:
    with names(engine_example=[["127.0.0.3", "127.0.0.1"]]):
        sock = await Guard(private=True).connect("engine.example", server.port, PATIENCE_S)
    with sock:
        assert sock.getpeername()[0] == "127.0.0.1"


async def test_when_all_addresses_refuse_each_is_told(free_port: Callable[[], int]) -> None:
    with names(engine_example=[["127.0.0.3", "127.0.0.2"]]), pytest.raises(NotReached) as caught:
        await Guard(private=True).connect("engine.example", free_port(), PATIENCE_S)
    assert "127.0.0.3" in caught.value.detail
    assert "127.0.0.2" in caught.value.detail
    assert not isinstance(caught.value, NotAllowed)


async def test_an_unknown_name() -> None:
    with names(nowhere_example=[[]]), pytest.raises(NotReached, match=r"nowhere\.example: the name was not found"):
        await Guard(private=True).connect("nowhere.example", 80, PATIENCE_S)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
async def test_a_host_that_can_be_no_name(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # What the real one does first, and where it fails.
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_, **__: host.encode("idna"))
    with pytest.raises(NotReached, match="not found"):
        await Guard(private=True).connect(host, 80, PATIENCE_S)


async def test_a_look_up_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def hang(*_: object, **__: object) -> list[tuple[object, ...]]:
        over.wait(PATIENCE_S)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        with pytest.raises(NotReached, match="looking up"):
            await Guard(private=True).connect("slow.example", 80, 0.05)
    finally:
        over.set()


@contextmanager
def deaf(port: int) -> Iterator[str]:
    """Occupy the port of an address so that connecting to it neither succeeds nor fails."""
    address = "127.0.0.3"
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(4):  # more than the queue takes: what comes after them is not answered
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield address


async def test_an_address_that_never_answers_does_not_keep_the_next_from_its_turn(server: Listener) -> None:
    with deaf(server.port) as address, names(engine_example=[[address, "127.0.0.1"]]):
        sock = await Guard(private=True).connect("engine.example", server.port, PATIENCE_S)
    with sock:
        assert sock.getpeername()[0] == "127.0.0.1"


async def test_no_answer_in_time(free_port: Callable[[], int]) -> None:
    with deaf(port := free_port()) as address, pytest.raises(NotReached, match="no answer within"):
        await Guard(private=True).connect(address, port, 0.05)


async def test_a_cancelled_attempt_leaves_no_socket_behind(free_port: Callable[[], int]) -> None:
    with deaf(port := free_port()) as address:
        before = set(Path("/proc/self/fd").iterdir())
        connecting = asyncio.create_task(Guard(private=True).connect(address, port, PATIENCE_S))
        while set(Path("/proc/self/fd").iterdir()) <= before:
            await asyncio.sleep(0)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        async with asyncio.timeout(PATIENCE_S):
            while not set(Path("/proc/self/fd").iterdir()) <= before:
                await asyncio.sleep(0)
