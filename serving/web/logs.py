"""Structured logs: one JSON object a line, as Cloud Logging and most others read it."""

import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from typing import Any


class JsonFormatter(logging.Formatter):
    """Write a record as one line of JSON; of an error its kind and place, never its words."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "severity": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["traceback"] = traceback.format_tb(record.exc_info[2])
        return json.dumps(line)


class RequestFilter(logging.Filter):
    """Leave out what gunicorn says of a request: it quotes request lines, headers and addresses.

    Those of a malformed request may be bytes of an upload. What is kept is the kind of the error,
    and whole what it says at INFO, which is of itself.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Change a record that comes from a thread: only there does gunicorn read requests."""
        in_main_thread = record.thread == threading.main_thread().ident
        if not in_main_thread and record.levelno != logging.INFO:
            kind = sys.exc_info()[0]
            record.msg = f"a request failed: {kind.__name__ if kind else record.levelname}"
            record.args = None
        return True


def log_config(level: str) -> dict[str, Any]:
    """Return what `logging.config.dictConfig` takes, for lines on stderr.

    The level holds for Mien's own records. Records of libraries below INFO are never written, for
    some say there what they read: Pillow the EXIF values of an upload.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "filters": {"requests": {"()": RequestFilter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"level": "INFO" if level == "DEBUG" else level, "handlers": ["stderr"]},
        "loggers": {
            "serving": {"level": level},
            "gunicorn.error": {"handlers": [], "propagate": True, "filters": ["requests"]},
        },
    }
