"""Training on a real cluster, which `make demo-spark` starts: a master and two workers on the loopback address."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from embeddings.errors import CorpusError
from embeddings.spark import check_spark
from embeddings.training_parameters import EngineParameters, Job, Keep, typed

ROOT = Path(__file__).parent.parent


def test_a_worker_killed_amid_the_iterations_does_not_end_the_job(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1"}
    with subprocess.Popen(
        [sys.executable, str(ROOT / "scripts" / "demo_spark.py")],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None and demo.stderr is not None
        first = demo.stdout.readline()
        workers = re.search(r"two workers, processes (\d+) and (\d+)", first)
        assert workers is not None, first
        events: list[dict[str, Any]] = []
        killed = False
        for line in demo.stderr:
            if line.startswith('{"event"'):
                events.append(json.loads(line))
                if not killed and events[-1].get("stage") == "vectors" and events[-1]["done"] > 1.5:
                    os.killpg(int(workers[1]), signal.SIGKILL)
                    killed = True
        printed = demo.stdout.read()
    assert demo.returncode == 0
    assert killed
    notes = [event["text"] for event in events if event["event"] == "note"]
    assert any("1 executor of the cluster went away: 1 of 2 executors" in text for text in notes), notes
    assert any("MLlib learns in 2 partitions" in text for text in notes), notes
    assert len(printed.splitlines()) >= 5, printed
    assert not list(tmp_path.glob("demo-spark-*")), "it leaves nothing behind"


@pytest.mark.parametrize(
    ("training", "more", "message"),
    [
        ({"negative": 5}, {}, "MLlib's Word2Vec has no --negative"),
        ({}, {"keep": Keep.BEST}, "leave out --keep best"),
        ({}, {"init": "news"}, "cannot train a model on"),
    ],
)
def test_what_mllib_cannot_do_is_said_at_once(training: dict[str, Any], more: dict[str, Any], message: str) -> None:
    engine = typed(EngineParameters, {"engine": "spark"})
    with pytest.raises(CorpusError, match=message):
        check_spark(Job(("x.txt",), engine=engine, training=training, **more))
    check_spark(Job(("x.txt",), engine=typed(EngineParameters, {"engine": "spark", "vectors": "local"}), **more))
