"""Functions of C are called with what was declared for them, after the numbers of a text were checked."""

import numpy as np
import pytest

from embeddings.native import address
from embeddings.text.kernel.functions import call, check_ids, has_kernel

needs_kernel = pytest.mark.skipif(not has_kernel(), reason="no kernel is compiled")


@needs_kernel
def test_a_function_gets_what_was_declared_for_it_and_no_other() -> None:
    ids, counts = np.array([2, 0, 2, 1], np.int32), np.zeros(3, np.int64)
    call("count", address(ids, np.int32, len(ids), "ids"), len(ids), address(counts, np.int64, 3, "counts"))
    assert counts.tolist() == [1, 1, 2]
    with pytest.raises(KeyError):
        call("system", 0)


@pytest.mark.parametrize("ids", [[0, 3], [-1, 0]])
def test_a_number_of_no_word_is_refused(ids: list[int]) -> None:
    check_ids(np.array([0, 2], np.int32), 3)
    with pytest.raises(IndexError):
        check_ids(np.array(ids, np.int32), 3)
