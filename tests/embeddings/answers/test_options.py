"""Options: what cannot be is refused."""

import pytest

from embeddings.answers.options import Options
from embeddings.errors import QueryError


@pytest.mark.parametrize(
    ("wrong", "said"), [({"k": 0}, "1 to 1,000"), ({"k": 1001}, "1 to"), ({"restrict": 0}, "1 or")]
)
def test_impossible_options_are_refused(wrong: dict[str, int], said: str) -> None:
    with pytest.raises(QueryError, match=said):
        Options(**wrong)
