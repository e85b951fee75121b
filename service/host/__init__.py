"""What API and page share: settings, served models, limits, logs, metrics and problems."""

from service.host.compression import gzip, is_worth_it, takes_gzip
from service.host.logs import JsonFormatter, flush, hold, log, log_exception, request_id
from service.host.metrics import activity
from service.host.problems import (
    PROBLEM_TYPE,
    BadRequest,
    InvalidRequest,
    KeyRefused,
    NotReady,
    ReloadRefused,
    UnknownUpload,
    UploadRefused,
    WrongContentType,
    of_error,
    of_http,
    register_problems,
)
from service.host.protection import HEADERS, POLICY, KeyFile, check_admin, protect
from service.host.records import Record
from service.host.served_models import ServedModels, UnknownModel, printed, served_models_of_app
from service.host.settings import Settings, SettingsError, read_settings
from service.host.static_files import StaticFiles
from service.host.uploaded_models import add_uploaded_model, uploaded_models

__all__ = [
    "HEADERS",
    "POLICY",
    "PROBLEM_TYPE",
    "BadRequest",
    "InvalidRequest",
    "JsonFormatter",
    "KeyFile",
    "KeyRefused",
    "NotReady",
    "Record",
    "ReloadRefused",
    "ServedModels",
    "Settings",
    "SettingsError",
    "StaticFiles",
    "UnknownModel",
    "UnknownUpload",
    "UploadRefused",
    "WrongContentType",
    "activity",
    "add_uploaded_model",
    "check_admin",
    "flush",
    "gzip",
    "hold",
    "is_worth_it",
    "log",
    "log_exception",
    "of_error",
    "of_http",
    "printed",
    "protect",
    "read_settings",
    "register_problems",
    "request_id",
    "served_models_of_app",
    "takes_gzip",
    "uploaded_models",
]
