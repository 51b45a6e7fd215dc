# One task of the job: `make image` or `gcloud run jobs deploy --source .` builds this. docs/container.md tells more.

# Any image with Python 3.11.3 or later as `python`, with its module venv.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
# Wheels only: no package runs code of its own while it is installed, and there is nothing to compile.
ENV PIP_ONLY_BINARY=:all: PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# pip stays in an environment of its own, which the result does not get.
RUN python -m venv /pip && python -m venv --without-pip /venv
WORKDIR /build
COPY requirements.txt ./
RUN /pip/bin/pip --python /venv/bin/python install --requirement requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /pip/bin/pip --python /venv/bin/python install --no-deps . \
    && /pip/bin/pip --python /venv/bin/python check
# A task that starts compiles nothing: it could not keep the result in a file system that is read-only. Nothing compares
# times, because builders that make images reproducible change those of files.
RUN python -m compileall -q --invalidation-mode unchecked-hash /venv

FROM ${BASE}
# The base's own pip: a task has no use for it, and whoever breaks into one should have none.
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/*-packages/pip* /usr/local/lib/python3*/ensurepip
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=build /venv /venv
COPY LICENSE process.py ./

# A number, so that Kubernetes can tell that it is not root; no name and no home belong to it.
USER 65532:65532
ENTRYPOINT ["python", "process.py"]

# At the end, because they change with each build.
ARG BASE
ARG VERSION=0.1.0
ARG REVISION=
ARG CREATED=
LABEL org.opencontainers.image.title="thumbrun" \
    org.opencontainers.image.description="Thumbnails of every image under a Cloud Storage prefix, in parallel tasks" \
    org.opencontainers.image.source="https://github.com/thumbrun/thumbrun" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.created="${CREATED}" \
    org.opencontainers.image.base.name="${BASE}"
