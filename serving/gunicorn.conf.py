"""How gunicorn runs the server: processes, for dlib and LiteRT are not made for threads."""

import os
from pathlib import Path

bind = f"0.0.0.0:{os.environ.get('PORT', '8080')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "sync"
timeout = 60
graceful_timeout = 30
# The heartbeat's file must not lie on a disk that can stall, nor on a read-only one.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# It would be written to the user's home, which a container's user has not.
control_socket_disable = True
accesslog = None
