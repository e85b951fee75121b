"""``thisplusthat push``."""

import click

from embeddings.milvus import push
from service.cli.display import load, progress_bar


@click.command("push")
@click.argument("model")
@click.argument("address")
@click.option("--replace", is_flag=True, help="Replace whatever else is in the collection.")
def push_command(model: str, address: str, replace: bool) -> None:
    """Copy MODEL to the Milvus at ADDRESS, where it can be asked and served.

    \b
      milvus://host:19530/collection         a Milvus
      milvus:///folder/file.db/collection    a file of milvus-lite

    If a push is interrupted, run it again: it continues where it stopped.
    """
    opened = load(model)
    with progress_bar(f"pushing {opened.name}") as progress:
        report = push(opened, address, replace_other=replace, progress=progress)
    click.echo(
        f"{opened.name} is at {address}: {report.words:,} words ({report.inserted:,} entities inserted) in "
        f"{report.seconds:.1f} s, recall@10 {report.recall:.4f} with {report.probed:,} of {report.cells:,} cells"
    )
