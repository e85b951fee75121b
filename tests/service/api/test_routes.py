"""What is declared is what happens: schemathesis over the OpenAPI document, hypothesis over queries, on a real server.

THISPLUSTHAT_EXAMPLES is the number of examples for each operation; thousands make the long form.
"""

import json
import os
from urllib.parse import parse_qsl, quote

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from embeddings.errors import EmbeddingsError
from service.api.routes import plain_pairs, read_parameters

EXAMPLES = int(os.environ.get("THISPLUSTHAT_EXAMPLES", "8"))
LENIENT = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True
)


@pytest.fixture(scope="module")
def described(service_url: str) -> schemathesis.schemas.BaseSchema:
    # That a query can be read and a word is known is more than a schema can say: 400 and 404 are right as well.
    config = schemathesis.Config.from_dict(
        {"checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "404", "422"]}}}
    )
    return schemathesis.openapi.from_url(f"{service_url}/openapi.json", config=config)


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
def test_every_operation_does_what_its_document_says(
    described: schemathesis.schemas.BaseSchema, mode: schemathesis.GenerationMode
) -> None:
    operations = [result.ok() for result in described.get_all_operations()]
    assert len(operations) >= 12
    for operation in operations:

        @LENIENT
        @given(case=operation.as_strategy(generation_mode=mode))
        def asked(case: schemathesis.Case) -> None:
            case.call_and_validate()

        try:
            asked()
        except Unsatisfiable:  # an operation without parameters cannot be asked wrongly
            assert mode is schemathesis.GenerationMode.NEGATIVE


@LENIENT
@given(text=st.text(max_size=60) | st.text(alphabet='ab ()*:,?<>-+"\\0.\u0301é\x00', max_size=60))
def test_no_query_is_a_defect(service_url: str, text: str) -> None:
    address = f"{service_url}/api/v1/query?explain=true&q={quote(text.encode('utf-8', 'surrogatepass'))}"
    answer = httpx.get(address, timeout=30)
    assert answer.status_code in (200, 400, 404), (text, answer.text)
    assert "NaN" not in answer.text
    assert json.loads(answer.content)


@LENIENT
@given(raw=st.binary(max_size=60))
def test_parameters_are_read_or_refused(raw: bytes) -> None:
    try:
        given = read_parameters(raw.decode("latin-1"), {"word"})
    except EmbeddingsError as error:
        assert str(error)
    else:
        assert all(isinstance(value, list) == (name == "word") for name, value in given.items())
        assert len(given) <= raw.count(b"&") + 1


def test_parameters_of_lists_may_stand_several_times() -> None:
    assert read_parameters("word=a&q=%C3%A9&word=b+c&k=", {"word"}) == {"word": ["a", "b c"], "q": "é", "k": ""}


ADDRESSES = st.lists(
    st.sampled_from("a b_ & = + %20 %2B %2b %3A %3F %25 ? : - é % %2 0 B %26 %3D ; q= k=".split(" ")), max_size=12
)


@given(ADDRESSES.map("".join))
def test_plain_addresses_are_read_as_all_others(text: str) -> None:
    pairs = plain_pairs(text)
    assert pairs is None or pairs == parse_qsl(text, keep_blank_values=True)


def test_the_address_of_a_query_is_a_plain_one() -> None:
    assert plain_pairs("q=king%20-%20man+%2B+woman&k=3") == [("q", "king - man + woman"), ("k", "3")]
    assert plain_pairs("q=caf%C3%A9") is None
