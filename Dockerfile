# Images with pinned packages only; docker-compose.yaml mounts the code.
#
#   airflow      what production needs, for every component of Airflow
#   local-aws    what development needs: local AWS is never part of production

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
