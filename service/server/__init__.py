"""The HTTP service as a whole: the Flask application and the processes that serve it."""

from service.server.app import create_app
from service.server.server import listen, serve

__all__ = ["create_app", "listen", "serve"]
