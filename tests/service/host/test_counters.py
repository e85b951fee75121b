"""Numbers that several processes count together."""

import os

import pytest

from service.host import counters as module
from service.host.counters import Counters


def test_the_pages_of_all_processes_are_added_up_and_a_successor_goes_on_with_its_page() -> None:
    counters = Counters(3)
    counters.add(("asked", "a"))
    for page in (1, 2, 1):
        child = os.fork()
        if not child:
            counters.turn_to(page)
            counters.add(("asked", "a"), 10)
            counters.add(("asked", f"é{page}"))
            counters.put(("kept",), 5)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    assert counters.totals() == {("asked", "a"): 31, ("asked", "é1"): 2, ("asked", "é2"): 1, ("kept",): 10}
    counters.forget(2, "kept")
    assert counters.totals()["kept",] == 5


def test_what_there_is_no_room_for_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CELLS", 2)
    counters = Counters()
    counters.add(("one",))
    counters.add(("two",))
    with pytest.raises(OverflowError):
        counters.add(("three",))
