"""``thisplusthat mcp`` as a client starts it."""

import sys
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters

from embeddings.models.model import Model

ROOT = Path(__file__).parents[3]


def test_a_client_that_starts_it_can_ask(tiny_model: Model, home: Path) -> None:
    command = ["-m", "service.cli", "mcp", "--model", str(tiny_model.folder)]
    environment = {"PYTHONPATH": str(ROOT), "THISPLUSTHAT_HOME": str(home)}
    server = StdioServerParameters(command=sys.executable, args=command, env=environment, cwd=str(ROOT))

    async def asked() -> Any:
        async with Client(server) as client:
            return await client.call_tool("similarity", {"a": "king", "b": "queen"})

    assert abs(anyio.run(asked).structured_content["score"] - 0.5) < 1e-6
