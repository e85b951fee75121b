"""What deploy/ is for, as far as it runs here: nginx before two replicas, limits in Redis, and all files checked."""

import http.client
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import kubernetes_validate
import numpy as np
import pytest
import yaml

from embeddings.models.model import Card, Model
from embeddings.models.writer import save_model
from service.host.settings import PREFIX, Settings, read_settings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
TOKEN = "a-token-for-the-tests"


def wait(until: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def ask(port: int, path: str, body: object = None, method: str | None = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        content = None if body is None else json.dumps(body)
        kind = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method or ("GET" if body is None else "POST"), path, content, kind | headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def answers(port: int, path: str) -> bool:
    try:
        return ask(port, path)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


@dataclass
class Replica:
    """``thisplusthat serve`` with a model of its own, in a process group of its own."""

    folder: Path
    log: Path
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        command = [sys.executable, "-m", "service.cli", "serve", "--port", str(self.port), "--model", str(self.folder)]
        with self.log.open("ab") as errors:
            self.process = subprocess.Popen(
                [*command, "--admin-token", TOKEN, "--trusted-proxies", "1", "--workers", "2", *self.options],
                stderr=errors,
                start_new_session=True,
            )

    def wait(self) -> None:
        assert self.process is not None
        wait(lambda: self.process.poll() is not None or answers(self.port, "/readyz"), "the replica does not start")
        assert self.process.poll() is None, self.log.read_text()

    def signal_all(self, number: signal.Signals) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        self.process.wait(40)


@dataclass
class Cluster:
    replicas: list[Replica]
    port: int


@pytest.fixture
def cluster(tiny_model: Model, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Two replicas behind nginx with the configuration of deploy/, addresses aside."""
    options = getattr(request, "param", ())
    if "redis" in options:
        options = (*options[1:], "--rate-limit-storage", request.getfixturevalue("redis")[0])
    replicas = []
    for number in (1, 2):
        folder = Path(shutil.copytree(tiny_model.folder, tmp_path / f"replica-{number}" / "tiny"))
        replicas.append(Replica(folder, tmp_path / f"replica-{number}.log", tuple(options)))
    port = free_port()
    text = (DEPLOY / "nginx.conf").read_text()
    for number, replica in enumerate(replicas, 1):
        assert f"replica-{number}:8000" in text
        text = text.replace(f"replica-{number}:8000", f"127.0.0.1:{replica.port}")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{port};").replace(
        "worker_processes auto", "worker_processes 1"
    )
    config = tmp_path / "nginx.conf"
    config.write_text(f"daemon off; pid {tmp_path}/nginx.pid; error_log stderr;\n{text}")
    command = [shutil.which("nginx") or "/usr/sbin/nginx", "-p", str(tmp_path), "-c", str(config)]
    try:
        for replica in replicas:
            replica.start()
        for replica in replicas:
            replica.wait()
        with (tmp_path / "nginx.log").open("wb") as errors:
            nginx = subprocess.Popen(command, stderr=errors)
        try:
            wait(lambda: nginx.poll() is not None or answers(port, "/readyz"), "nginx does not start")
            assert nginx.poll() is None, (tmp_path / "nginx.log").read_text()
            yield Cluster(replicas, port)
        finally:
            nginx.terminate()
            nginx.wait(10)
    finally:
        for replica in replicas:
            if replica.process is not None:
                replica.signal_all(signal.SIGKILL)


class Load:
    """Questions without a pause, by GET and by POST, on kept connections to nginx. Whatever fails is kept."""

    def __init__(self, port: int, connections: int = 6) -> None:
        self.port, self.failures, self.done, self.ended = port, [], 0, False
        self.numbers = itertools.count()
        self.threads = [threading.Thread(target=self._run) for _ in range(connections)]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        self.more()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended = True
        for thread in self.threads:
            thread.join()

    def more(self, number: int = 200) -> None:
        reached = self.done + number
        wait(lambda: self.done >= reached or bool(self.failures), "the load stands still")

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.ended:
            number = next(self.numbers)
            weight = 1 + number / 1_000_000  # another question each time: none is answered from a cache
            try:
                if number % 2:
                    connection.request("GET", f"/api/v1/query?q={weight:.6f}*king%20-%20man%20%2B%20woman")
                else:
                    body = json.dumps({"queries": [f"{weight:.6f}*king - man + woman", "bread"]})
                    connection.request("POST", "/api/v1/query", body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                content = response.read()
                if response.status != 200 or b'"results"' not in content:
                    self.failures.append(f"{response.status} {content!r}")
                self.done += 1
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
        connection.close()


def test_a_replica_that_is_killed_under_load_costs_nobody_an_answer(cluster: Cluster) -> None:
    with Load(cluster.port) as load:
        for victim in cluster.replicas:
            victim.signal_all(signal.SIGKILL)  # all of its processes at once, as when a machine is lost
            load.more()
            victim.start()
            victim.wait()
    assert not load.failures


def test_replicas_are_exchanged_one_after_the_other_under_load(cluster: Cluster) -> None:
    """A rolling update: of the models, without a restart, and then of the processes."""
    with Load(cluster.port) as load:
        for replica in cluster.replicas:
            shutil.rmtree(replica.folder)
            save_model(replica.folder, ["king", "man", "woman", "bread", "new"], np.eye(5) + 0.1, Card("tiny"))
            status, body = ask(replica.port, "/admin/reload", method="POST", Authorization=f"Bearer {TOKEN}")
            assert (status, json.loads(body)["changed"]) == (200, ["tiny"])
            load.more()
        for _ in range(10):
            assert answers(cluster.port, "/api/v1/query?q=new")
        for replica in cluster.replicas:
            assert replica.process is not None
            replica.process.terminate()
            assert replica.process.wait(40) == 0
            replica.start()
            replica.wait()
            load.more()
    assert not load.failures


def test_what_is_for_the_replicas_own_network_is_not_passed_on(cluster: Cluster) -> None:
    assert ask(cluster.replicas[0].port, "/metrics")[0] == 200
    assert ask(cluster.port, "/metrics")[0] == 404
    status, _ = ask(cluster.port, "/admin/reload", method="POST", Authorization=f"Bearer {TOKEN}")
    assert status == 404
    query = "king" + "%E2%80%83" * 880
    assert ask(cluster.port, f"/api/v1/query?q={query}")[0] == 200, "an address as long as the service takes"
    body = {"queries": ["king"], "model": "tiny"}
    assert ask(cluster.port, "/api/v1/query", body)[0] == 200
    many = {"queries": ["king - man + woman" + " " * 1900] * 1000}
    assert ask(cluster.port, "/api/v1/query", many)[0] == 200, "2 MB"
    assert ask(cluster.port, "/api/v1/query", {"queries": [" " * (9 << 20)]})[0] == 413


@pytest.mark.parametrize("cluster", [("redis", "--rate-limit-address", "10/minute")], indirect=True)
def test_replicas_count_in_one_redis_and_see_the_clients_address(cluster: Cluster) -> None:
    statuses = [ask(cluster.port, "/api/v1/query?q=king")[0] for _ in range(16)]
    assert statuses == [200] * 10 + [429] * 6
    for replica in cluster.replicas:  # each has taken part, and each knows
        assert b'route="/api/v1/query",status="200"' in ask(replica.port, "/metrics")[1]
        forwarded = {"X-Forwarded-For": "127.0.0.1"}
        assert ask(replica.port, "/api/v1/query?q=king", **forwarded)[0] == 429
        assert ask(replica.port, "/api/v1/query?q=king", **{"X-Forwarded-For": "192.0.2.1"})[0] == 200
    spoofed = {"X-Forwarded-For": "192.0.2.77"}
    assert ask(cluster.port, "/api/v1/query?q=king", **spoofed)[0] == 429, "what a client says of itself counts nothing"


# ---- the files


def manifests() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))


def of_kind(kind: str) -> dict[str, Any]:
    """The first of its kind, which is that of the service."""
    return next(manifest for manifest in manifests() if manifest["kind"] == kind)


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_the_manifests_are_what_kubernetes_takes(version: str) -> None:
    """Against the schemas of Kubernetes' own OpenAPI document, nothing undeclared allowed."""
    for manifest in manifests():
        kubernetes_validate.validate(manifest, version, strict=True)
    kinds = sorted(manifest["kind"] for manifest in manifests())
    assert {"Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "ConfigMap"} == set(kinds)
    wrong = of_kind("Deployment")
    wrong["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readynessProbe"):
        kubernetes_validate.validate(wrong, version, strict=True)


def test_the_manifests_fit_each_other_and_the_service() -> None:
    deployment, settings = of_kind("Deployment")["spec"], of_kind("ConfigMap")["data"]
    labels = deployment["template"]["metadata"]["labels"]
    for selector in (
        deployment["selector"]["matchLabels"],
        of_kind("Service")["spec"]["selector"],
        of_kind("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
    assert (
        of_kind("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"]
        == of_kind("Deployment")["metadata"]["name"]
    )
    assert "replicas" not in deployment, "each apply would undo what the autoscaler did"
    [container] = deployment["template"]["spec"]["containers"]
    assert {container[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe")} == {"/readyz"}
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    assert container["ports"][0]["containerPort"] == Settings().port
    pod = deployment["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > Settings().drain_seconds + 5
    assert f"--uid {pod['securityContext']['runAsUser']} " in (DEPLOY / "Containerfile").read_text()
    assert container["volumeMounts"][0]["mountPath"] in (DEPLOY / "Containerfile").read_text()
    assert known(settings)
    redis = [manifest["metadata"]["name"] for manifest in manifests() if manifest["kind"] == "Service"][1]
    assert settings["THISPLUSTHAT_RATE_LIMIT_STORAGE"] == f"redis://{redis}:6379"


def known(environment: dict[str, str]) -> bool:
    """Whether all variables are settings with values that they can have."""
    names = {f"{PREFIX}{entry.name.upper()}" for entry in fields(Settings)}
    read_settings(None, environment)
    return environment.keys() <= names


def test_the_compose_file_is_what_compose_takes_and_fits_nginx() -> None:
    command = ["docker-compose", "-f", str(DEPLOY / "compose.yaml"), "config"]
    environment = os.environ | {"THISPLUSTHAT_ADMIN_TOKEN": TOKEN}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    services = yaml.safe_load(done.stdout)["services"]
    assert services.keys() == {"replica-1", "replica-2", "redis", "nginx"}
    assert known(services["replica-1"]["environment"])
    nginx = (DEPLOY / "nginx.conf").read_text()
    assert all(f"server {name}:{Settings().port} " in nginx for name in ("replica-1", "replica-2"))
    del environment["THISPLUSTHAT_ADMIN_TOKEN"]
    refused = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert "choose a token" in refused.stderr


def test_the_image_is_made_of_what_is_there_and_pinned_and_runs_as_nobody_in_particular() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    sources = [name for line in re.findall(r"^COPY (?!--)(.+)$", text, re.MULTILINE) for name in line.split()[:-1]]
    let_through = (ROOT / ".dockerignore").read_text().splitlines()
    for name in sources:
        assert (ROOT / name).exists()
        assert f"!{name}" in let_through
    assert "--constraint constraints.txt" in text
    [extras] = re.findall(r'"\.\[(.+)\]"', text)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(extras.split(",")) <= project["project"]["optional-dependencies"].keys()
    assert re.findall(r"^USER (.+)$", text, re.MULTILINE) == ["10001:10001"]
    assert known(dict(re.findall(r"(THISPLUSTHAT_(?!HOME)\w+)=(\S+)", text)))


def test_the_unit_is_what_systemd_takes_and_keeps_the_service_in(tmp_path: Path) -> None:
    text = (DEPLOY / "thisplusthat.service").read_text()
    unit = tmp_path / "thisplusthat.service"
    unit.write_text(text.replace("/opt/thisplusthat/bin/", f"{Path(sys.executable).parent}/"))
    verify = ["systemd-analyze", "verify", str(unit)]
    right = subprocess.run(verify, check=True, capture_output=True, text=True)
    assert "thisplusthat" not in right.stderr
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", str(unit)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert rated.returncode == 0, rated.stdout
    unit.write_text(text.replace("ProtectSystem=strict", "ProtectSystem=stricd"))
    wrong = subprocess.run(verify, check=False, capture_output=True, text=True)
    assert "Failed to parse protect system value" in wrong.stderr
