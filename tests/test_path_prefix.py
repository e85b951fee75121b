"""Behind nginx under a path prefix, every link of pages and API leads somewhere, and nothing leaves the prefix."""

import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from html import unescape
from pathlib import Path
from socket import create_server
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from werkzeug.serving import make_server

from embeddings.models.model import Model
from service.host.settings import Settings
from service.server.app import create_app

PREFIX = "/tools/words"
CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{
        listen 127.0.0.1:{port};
        location {prefix}/ {{
            proxy_pass http://127.0.0.1:{service}/;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Prefix {prefix};
        }}
    }}
}}
"""
LINKS = re.compile(r'(?:href|src|action|data-source|data-png)="([^"]+)"')


@pytest.fixture
def prefixed(mapped_model: Model, tmp_path: Path) -> Iterator[str]:
    """The address of a service behind nginx."""
    settings = Settings(models=(str(mapped_model.folder),), trusted_proxies=1, log_requests=False)
    server = make_server("127.0.0.1", 0, create_app(settings), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = CONFIGURATION.format(folder=tmp_path, port=port, service=server.port, prefix=PREFIX)
    (tmp_path / "nginx.conf").write_text(text)
    nginx = subprocess.Popen(["/usr/sbin/nginx", "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "error.log")])
    url = f"http://127.0.0.1:{port}{PREFIX}"
    for _ in range(500):
        with suppress(httpx.TransportError):
            httpx.get(f"{url}/healthz")
            break
        time.sleep(0.02)  # until it listens
    yield url
    nginx.terminate()
    nginx.wait()
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_link_holds_behind_a_path_prefix(prefixed: str) -> None:
    axes = "/axes?x=man:woman&words=king,queen,bread"
    begun = ["/", "/search/king", "/word/king", "/map", axes, "/compare", "/about", "/status", "/docs", "/problems"]
    pages = [f"{prefixed}{path}" for path in begun]
    seen: dict[str, bool] = {}
    with httpx.Client(timeout=30, follow_redirects=True) as client:
        for page in pages:
            answer = client.get(page)
            assert answer.status_code == 200, page
            for link in LINKS.findall(answer.text):
                address = urljoin(str(answer.url), unescape(link)).partition("#")[0]
                if not address.startswith(prefixed.removesuffix(PREFIX)) or address in seen:
                    continue
                assert urlsplit(address).path.startswith(f"{PREFIX}/"), f"{page} leads out of the prefix: {link}"
                found = client.get(address)  # that a dozen words lack one is no matter of links
                seen[address] = found.status_code == 200 or "is not in circle" in unescape(found.text)
        assert [address for address, leads_somewhere in seen.items() if not leads_somewhere] == []
        assert len(seen) > 30
        problem = client.get(f"{prefixed}/api/v1/nothing").json()
        assert client.get(urljoin(prefixed, problem["type"])).status_code == 200
        assert client.get(f"{prefixed}/openapi.json").json()["servers"] == [{"url": PREFIX}]
        moved = httpx.get(f"{prefixed}/search?q=king")
        assert not moved.is_redirect or urlsplit(urljoin(prefixed, moved.headers["Location"])).path.startswith(PREFIX)
