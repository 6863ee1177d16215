# Images with pinned packages; docker-compose.yaml mounts the code.
#
#   airflow      what production needs, for every component of Airflow
#   local-aws    what development needs: local AWS is never part of production
#   kubernetes   what a cluster needs, where nothing is mounted: with the wheel (`make wheel` first), DAGs and policies

FROM python:3.12.12-slim-bookworm AS base
RUN useradd --uid 50000 --gid 0 --create-home --home-dir /opt/airflow airflow
WORKDIR /opt/recovery

FROM base AS local-aws
COPY requirements-dev.txt /opt/recovery/
RUN pip install --no-cache-dir --no-deps --require-hashes -r /opt/recovery/requirements-dev.txt
USER 50000:0

FROM base AS airflow
COPY requirements.txt /opt/recovery/
RUN pip install --no-cache-dir --no-deps --require-hashes -r /opt/recovery/requirements.txt
RUN printf '#!/bin/sh\nexec python -m drs_recovery "$@"\n' > /usr/local/bin/recovery && chmod 755 /usr/local/bin/recovery
USER 50000:0

FROM base AS kubernetes
RUN apt-get update && apt-get install --yes --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
COPY requirements/kubernetes.txt /opt/recovery/
RUN pip install --no-cache-dir --no-deps --require-hashes -r /opt/recovery/kubernetes.txt
# Of this release: dist/ may have others beside it
ARG RELEASE=0.2.0
COPY dist/drs_recovery_plans-${RELEASE}-py3-none-any.whl /opt/recovery/
RUN pip install --no-cache-dir --no-deps /opt/recovery/drs_recovery_plans-*.whl
COPY config /opt/airflow/config
COPY dags /opt/airflow/dags
ENV AIRFLOW_HOME=/opt/airflow
# Waits for what tasks leave behind, and passes signals on
ENTRYPOINT ["tini", "--"]
USER 50000:0
