"""``thisplusthat mcp``: the tools of the Model Context Protocol over standard input and output."""

import click

from embeddings.catalogue import DEFAULT_MODEL, load_word_vectors
from service.cli.display import progress_bar
from service.host import ServedModels, Settings


@click.command("mcp")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    help=f"A model to ask; repeat the option for more.  [default: {DEFAULT_MODEL}]",
)
def mcp_command(models: tuple[str, ...]) -> None:
    """Let a language model ask word vectors: an MCP server over standard input and output.

    \b
    For a client's settings:
      {"mcpServers": {"thisplusthat": {"command": "thisplusthat", "args": ["mcp"]}}}

    Its tools: ask, neighbours, similarity, odd_one_out, compare. A running service has them at /mcp.
    """
    from service.mcp import tool_server

    names = models or (DEFAULT_MODEL,)
    for name in names:
        with progress_bar(f"opening {name}") as progress:
            load_word_vectors(name, progress)
    tool_server(ServedModels(Settings(models=names))).run("stdio")
