"""Models for whoever runs a service: a file in parts is imported or trained on in the background, then served."""

from service.uploads.endpoint import register_uploads

__all__ = ["register_uploads"]
