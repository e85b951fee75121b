"""Work by as many threads as there are processors."""

import threading

import pytest

from embeddings.native import by_threads, threads


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (19, [19]), (20, [10, 10]), (35, [11, 12, 12]), (84, [21] * 4)])
def test_each_thing_is_done_once_by_as_many_threads_as_it_is_worth(
    count: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "processors", lambda: 4)
    meeting, done = threading.Barrier(len(sizes)), []

    def work(some: slice) -> None:
        meeting.wait(10)  # breaks unless all of them are at work at once
        done.append((some.start, some.stop))

    by_threads(count, work, 10)
    done.sort()
    assert [stop - start for start, stop in done] == sizes
    assert [start for start, _ in done[1:]] + [count] == [stop for _, stop in done]


def test_what_goes_wrong_in_a_thread_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "processors", lambda: 2)

    def work(some: slice) -> None:
        if some.start:
            raise ValueError("the second half")

    with pytest.raises(ValueError, match="second half"):
        by_threads(8, work, 1)
