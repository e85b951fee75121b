"""``thisplusthat upload``: a file to a running service, which makes a model of it and serves it."""

import time
from pathlib import Path
from typing import Any

import click

from embeddings import EmbeddingsError
from embeddings.client import Client
from service.cli.display import progress_bar

_PAUSE = 0.5
"""Seconds between two requests for progress."""


@click.command("upload")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-n", "--name", required=True, help="Name of the new model.")
@click.option("--url", required=True, envvar="THISPLUSTHAT_URL", metavar="URL", help="The service.")
@click.option("--token", required=True, envvar="THISPLUSTHAT_ADMIN_TOKEN", help="Its admin_token.")
@click.option("--text", is_flag=True, help="FILE is text to train on, not vectors.")
@click.option("--corpus", default="unknown", help="What the vectors were trained on, for the model's card.")
@click.option("--licence", default="unknown", help="Licence of the vectors, for the model's card.")
@click.option("--dimension", type=click.IntRange(2, 1000), help="Dimension of the vectors, with --text.")
@click.option("--epochs", type=click.IntRange(1, 100), help="Passes over the text, with --text.")
def upload_command(file: Path, name: str, url: str, token: str, *, text: bool, **card: Any) -> None:
    """Send FILE to a running service, which imports or trains it in the background and serves it without a restart.

    The service must have been started with --uploads.
    """
    wanted = {"name": name, "kind": "text" if text else "vectors", "size": file.stat().st_size, "file_name": file.name}
    wanted |= {key: value for key, value in card.items() if value is not None}
    with Client(url, token) as client:
        begun = client.call("POST", "/admin/uploads", body=wanted)
        place = f"/admin/uploads/{begun['id']}"
        with progress_bar(f"sending {file.name}") as progress, file.open("rb") as source:
            offset = 0
            while part := source.read(begun["part_bytes"]):
                progress("sending", offset, begun["size"])
                client.call("PUT", place, body=part, offset=offset)
                offset += len(part)
        with progress_bar(f"making {name}") as progress:
            state = client.call("GET", place)
            while state["state"] == "working":
                data = (state["last_event"] or {"data": {}})["data"]
                if "stage" in data:
                    progress(data["stage"], int(data["done"]), int(data["total"]))
                time.sleep(_PAUSE)
                state = client.call("GET", place)
    if state["state"] != "done":
        raise EmbeddingsError(f"No model was made: {state['last_event']['data'].get('detail', 'no reason was given')}")
    click.echo(f'{name} is served. Ask it: thisplusthat --url {url} --model {name} "..."', err=True)
