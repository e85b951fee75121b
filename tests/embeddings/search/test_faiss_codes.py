from embeddings.search.faiss_codes import factories_to_try


def test_codes_of_one_to_three_dimensions_turned_and_in_lists_are_worth_trying() -> None:
    assert [factory for _, factory in factories_to_try(400_000, 50)] == [
        "PQ25x4fs",
        "PQ50x4fs",
        "OPQ25_50,PQ25x4fs",
        "IVF128,PQ25x4fsr",
        "IVF512,PQ25x4fsr",
    ]
    assert [factory for _, factory in factories_to_try(1000, 9)] == [
        "PQ9x4fs",
        "PQ3x4fs",
        "IVF4,PQ9x4fsr",
        "IVF16,PQ9x4fsr",
    ]
