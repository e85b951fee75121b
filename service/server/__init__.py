"""The HTTP service as a whole: the Flask application and the processes that serve it."""

from service.server.app import create_app
from service.server.earlier_metrics import remove_earlier_metrics
from service.server.server import listen, serve

__all__ = ["create_app", "listen", "remove_earlier_metrics", "serve"]
