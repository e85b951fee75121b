"""What several test files need: a model computed by hand, and the real GloVe."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

os.environ["THISPLUSTHAT_MODEL"] = "glove-6b-50d"  # what most tests ask, before it is read; the default has its own

from embeddings.catalogue.catalogue import load_model
from embeddings.models.model import MAP_FILE, VECTORS_FILE, Card, Model, open_model
from embeddings.models.writer import save_model
from embeddings.plotting.vocabulary_map import MapParameters, VocabularyMap

# How long an example takes says something of the machine and of what else runs on it.
settings.register_profile("untimed", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

TINY = {
    # royal, male, female, food
    "the": (1, 1, 1, 1),
    "king": (1, 1, 0, 0),
    "man": (0, 1, 0, 0),
    "woman": (0, 0, 1, 0),
    "queen": (1, 0, 1, 0),
    "Queen": (1, 0, 0.9, 0),
    "united": (1, 0, 0, -1),
    "states": (1, 0, 0, 1),
    "new_york": (0, 1, 1, -1),
    "bread": (0, 0, 0, 2),
    "café": (0, 0, 0.1, 1),
    "throne": (3, 1, 1, 0),
}


def pytest_configure(config: pytest.Config) -> None:
    """Compile kernels that are older than their sources, once and not by each of pytest-xdist's workers."""
    if not hasattr(config, "workerinput"):
        subprocess.run([sys.executable, str(Path(__file__).parents[1] / "hatch_build.py"), "--quiet"], check=False)


FAST_FOLDERS = (
    "embeddings/answers",
    "embeddings/evaluation",
    "embeddings/formats",
    "embeddings/models",
    "embeddings/native",
    "embeddings/query",
    "embeddings/search",
    "embeddings/text",
    "service/api",
    "service/host",
    "test_layers.py",
)
"""What ``make check`` runs of the tests, but for those named below and those that use one of the fixtures."""
SLOW_TESTS = frozenset(
    {
        "test_a_disk_that_fills_up_is_a_clear_error",
        "test_a_file_that_unpacks_to_fill_a_machine_is_refused",
        "test_a_file_with_any_bytes_changed_is_refused_or_searched",
        "test_a_large_file_is_streamed",
        "test_a_model_without_a_kernel_is_searched_exactly_and_says_so",
        "test_a_thousand_mutants_are_read_or_refused_by_name",
        "test_an_odd_number_of_dimensions_can_be_coded",
        "test_any_expression_printed_reads_back_the_same",
        "test_any_text_gives_tidy_tokens",
        "test_any_text_is_read_and_reads_back_the_same_or_is_a_query_error",
        "test_each_kind_of_search_takes_the_candidates_measured_for_it",
        "test_every_kind_answers_like_brute_force",
        "test_exact_search_agrees_with_gensim",
        "test_exact_search_agrees_with_sorting_everything",
        "test_hundreds_of_mutants_of_models_are_asked_or_refused_by_name",
        "test_json_holds_all_of_an_answer",
        "test_lists_that_hold_too_few_rows_are_filled_up_by_exact_search",
        "test_no_process_outlives_a_parent_that_is_killed",
        "test_of_many_dimensions_those_are_kept_that_hold_most",
        "test_packed_text_is_read_in_blocks_that_end_with_a_line",
        "test_packed_text_that_is_cut_off_is_refused_by_name",
        "test_searches_go_as_far_as_the_wanted_recall_takes",
        "test_ten_thousand_queries_are_answered_as_by_brute_force",
        "test_the_fastest_that_reaches_the_recall_is_put_in_place",
        "test_the_real_dump_gives_the_words_that_gensim_finds_and_no_markup",
        "test_the_recall_measured_at_build_holds_for_other_targets",
        "test_the_result_does_not_depend_on_the_number_of_processes",
        "test_the_same_words_again_and_again_are_no_list",
        "test_what_codes_cannot_reach_is_searched_exactly",
    }
)
"""Those of these folders that take some seconds each: a loaded machine of two processors is the measure."""
SLOW_FIXTURES = frozenset({"glove", "wikipedia", "milvus", "redis", "service_url"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as fast what needs neither a large model nor a server."""
    root = Path(__file__).parent
    for item in items:
        place = item.path.relative_to(root).as_posix()
        name = getattr(item, "originalname", item.name)
        if name in SLOW_TESTS or not place.startswith(FAST_FOLDERS):
            continue
        if SLOW_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.fast)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The THISPLUSTHAT_HOME of all tests of this run, shared by pytest-xdist's workers."""
    base = tmp_path_factory.getbasetemp()
    return (base if worker_id == "master" else base.parent) / "home"


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees or touches the models of the person who runs it."""
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(home))


@pytest.fixture(scope="session")
def glove(home: Path) -> Iterator[Model]:
    """GloVe 6B, 400,000 × 50, as the default model is prepared."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THISPLUSTHAT_HOME", str(home))
        model = load_model()
    yield model


@pytest.fixture(scope="session")
def wikipedia(home: Path) -> Iterator[Model]:
    """The model that comes with the package, unpacked as by the first query."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THISPLUSTHAT_HOME", str(home))
        model = load_model("wikipedia")
    yield model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A dozen words in four dimensions whose answers can be worked out on paper."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_model(folder, list(TINY), np.array(list(TINY.values()), np.float32), Card("tiny"))
    return open_model(folder)


@pytest.fixture(scope="session")
def service_url(tiny_model: Model) -> Iterator[str]:
    """The address of a service with the tiny model."""
    from werkzeug.serving import make_server

    from service.host.settings import Settings
    from service.server.app import create_app

    server = make_server("127.0.0.1", 0, create_app(Settings(models=(str(tiny_model.folder),))), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def mapped_model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The dozen words again, as "circle", with a map that has them around one."""
    folder = tmp_path_factory.mktemp("models") / "circle"
    save_model(folder, list(TINY), np.array(list(TINY.values()), np.float32), Card("circle"))
    model = open_model(folder)
    turns = np.linspace(0, 2 * np.pi, len(model), endpoint=False)
    places = np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)
    groups = (np.arange(len(model)) % 2).astype(np.uint8)
    content = VocabularyMap([], places, groups, ["king", "bread"], MapParameters()).as_dict()
    checksum = model.manifest.files[VECTORS_FILE].sha256
    (folder / MAP_FILE).write_text(json.dumps(content | {"format_version": 1, "vectors_sha256": checksum}))
    return model


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A real Redis of this test's own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    server = subprocess.Popen(["redis-server", *options], stdout=subprocess.PIPE)
    assert server.stdout is not None
    for line in server.stdout:
        if b"Ready to accept connections" in line:
            break
    yield f"redis://127.0.0.1:{port}", server
    server.kill()
    server.wait()
    server.stdout.close()


class Milvus:
    """A milvus-lite in a process of its own, at a port that stays the same when it is killed and started anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def address(self, collection: str) -> str:
        return f"milvus://127.0.0.1:{self.port}/{collection}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        place = ["--data-dir", str(self.folder), "--host", "127.0.0.1", "--port", str(self.port)]
        command = [sys.executable, "-m", "milvus_lite", "server", *place]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            assert self.process.poll() is None, "milvus-lite ended"
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            threading.Event().wait(0.05)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Milvus]:
    """A milvus-lite that runs."""
    server = Milvus(tmp_path_factory.mktemp("milvus") / "data")
    yield server
    server.kill()


@pytest.fixture(scope="session")
def tiny_in_milvus(milvus: Milvus, tiny_model: Model) -> str:
    """The address of the tiny model in Milvus."""
    from embeddings.milvus.upload import push

    push(tiny_model, milvus.address("tiny"))
    return milvus.address("tiny")
