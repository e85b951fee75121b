from embeddings.progress import no_progress


def test_no_progress_shows_nothing(capsys) -> None:  # type: ignore[no-untyped-def]
    no_progress("stage", 1, 2)
    shown = capsys.readouterr()
    assert shown.out + shown.err == ""
