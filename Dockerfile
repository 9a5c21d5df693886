# One tag names one Python on one Debian. To pin its very bytes, write after the tag the digest that
# `docker buildx imagetools inspect python:3.11.14-slim-bookworm` says: python:...@sha256:...
FROM python:3.11.14-slim-bookworm AS base

FROM base AS builder
COPY requirements.txt /
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary=:all: --requirement /requirements.txt
COPY run.py /app/
COPY bot_platform/ /app/bot_platform/
COPY migrations/ /app/migrations/
RUN python -m compileall -q --invalidation-mode unchecked-hash /app

FROM base
RUN groupadd --gid 10001 bot \
    && useradd --uid 10001 --gid bot --no-create-home --home-dir / --shell /usr/sbin/nologin bot \
    && install --directory --owner=bot --group=bot --mode=0700 /data
COPY --from=builder /venv/ /venv/
COPY --from=builder /app/ /app/
# Nothing is written but in /data, so the root file system may be read-only. Run from here, the default
# DATABASE_URL, sqlite://data/bot.db, is in /data; set here, it would beat a DATABASE_URL_FILE.
WORKDIR /
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000
VOLUME /data
EXPOSE 8000
USER 10001:10001
STOPSIGNAL SIGTERM
# Past any proxy that the environment names: it asks this very container.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", "import os, urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:' + os.environ['PORT'] + '/livez', timeout=4)"]
ENTRYPOINT ["python", "/app/run.py"]
CMD ["serve"]
