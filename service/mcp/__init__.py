"""The Model Context Protocol: tools by which a language model asks word vectors, over stdio and at ``/mcp``."""

from service.mcp.endpoint import import_ahead, mcp_endpoint
from service.mcp.tools import tool_server

__all__ = ["import_ahead", "mcp_endpoint", "tool_server"]
