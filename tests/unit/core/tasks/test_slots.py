from __future__ import annotations

import asyncio

import pytest

from vibe_jupyter.core.tasks.slots import Slots

pytestmark = pytest.mark.asyncio


async def served(slots: Slots, *waiters: tuple[str, str, int]) -> list[str]:
    """Let `(name, user, priority)` wait in this order, then give one slot after the other; return who was served."""
    order: list[str] = []

    async def wait(name: str, user: str, priority: int) -> None:
        async with slots.held(user, priority):
            order.append(name)

    tasks = [asyncio.create_task(wait(*waiter)) for waiter in waiters]
    await asyncio.sleep(0)  # they stand in line now
    slots.give_back("holder")
    await asyncio.gather(*tasks)
    return order


async def full() -> Slots:
    slots = Slots(1, 1)
    assert slots.try_take("holder")
    return slots


async def test_who_waits_is_served_by_priority_then_by_arrival() -> None:
    waiters = [("low", "u", -1), ("first", "u", 0), ("second", "u", 0), ("high", "u", 5)]
    assert await served(await full(), *waiters) == ["high", "first", "second", "low"]


async def test_a_user_whose_share_is_used_up_holds_nobody_up() -> None:
    slots = Slots(3, 2)
    await slots.take("a", 0)
    await slots.take("a", 0)
    third = asyncio.create_task(slots.take("a", 10))
    await asyncio.sleep(0)
    assert slots.try_take("b")
    assert not third.done()
    slots.give_back("b")
    await asyncio.sleep(0)
    assert not third.done()
    slots.give_back("a")
    await third


async def test_nobody_overtakes_who_waits() -> None:
    slots = await full()
    waiting = asyncio.create_task(slots.take("a", 0))
    await asyncio.sleep(0)
    slots.give_back("holder")
    assert not slots.try_take("b")
    await waiting
    slots.give_back("a")
    assert slots.try_take("b")


async def test_a_cancelled_waiter_leaves_the_line() -> None:
    slots = await full()
    waiting = asyncio.create_task(slots.take("a", 0))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    slots.give_back("holder")
    assert slots.try_take("b")


async def test_a_waiter_cancelled_as_it_is_served_passes_the_slot_on() -> None:
    slots = await full()
    waiting = asyncio.create_task(slots.take("a", 0))
    behind = asyncio.create_task(slots.take("b", 0))
    await asyncio.sleep(0)
    slots.give_back("holder")
    waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled()
    await behind
    assert not slots.try_take("c")


async def test_a_slot_is_given_back_whatever_happens() -> None:
    slots = Slots(1, 1)
    with pytest.raises(ValueError, match="oops"):
        async with slots.held("a", 0):
            raise ValueError("oops")
    assert slots.try_take("a")
