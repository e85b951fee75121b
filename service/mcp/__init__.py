"""The Model Context Protocol: tools by which a language model asks word vectors, over stdio and at ``/mcp``."""

from service.mcp.endpoint import mcp_endpoint
from service.mcp.tools import tool_server

__all__ = ["mcp_endpoint", "tool_server"]
