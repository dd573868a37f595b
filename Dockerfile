# The server: Flask under gunicorn, LiteRT, dlib; no TensorFlow.
#   docker build -t mien . && docker run --rm --read-only --tmpfs /tmp -p 8080:8080 mien

FROM python:3.11.14-slim-bookworm AS build
RUN python -m venv /opt/venv
COPY requirements-serving.lock .
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements-serving.lock

FROM python:3.11.14-slim-bookworm
RUN useradd --system --no-create-home --shell /usr/sbin/nologin mien
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY preprocessing preprocessing
COPY serving serving
# Bytecode is written now: the file system may be read-only later, and the user may not write.
RUN /opt/venv/bin/python -m compileall -q preprocessing serving
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PORT=8080
USER mien
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/livez', timeout=4)"]
CMD ["gunicorn", "--config", "serving/gunicorn.conf.py", "serving.app:create_app()"]
