# Build: docker build -t easel .    Run: docker run --init -v easel-config:/config -v easel-data:/data easel
# /config is for config.toml (needed only to change something), /data holds the database. Folders of the host mounted there
# must belong to user 10001. How to reach the studio: README.md, "Configure it".
# This base has SQLite 3.46. Before 3.51.3 two connections writing at the same instant could damage a database; Easel
# has one writing connection and lets one process only open the file: one container per /data, on a local volume.
FROM python:3.13-slim-trixie AS build
RUN pip install --no-cache-dir --root-user-action=ignore uv==0.13.8
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/opt/easel
WORKDIR /src
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --no-dev --extra postgres --no-install-project
COPY . .
RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --no-dev --extra postgres --no-editable

FROM python:3.13-slim-trixie
RUN apt-get update -qq && apt-get install -y --no-install-recommends fonts-wqy-microhei && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/easel /opt/easel
RUN install -d -o 10001 -g 10001 /config /data
USER 10001:10001
WORKDIR /config
VOLUME ["/config", "/data"]
# The port is fixed here, so that the health check finds it whatever config.toml says.
ENV PATH=/opt/easel/bin:$PATH EASEL_DATA_DIR=/data EASEL_HTTP__HOST=0.0.0.0 EASEL_HTTP__PORT=8766
HEALTHCHECK --start-period=30s CMD ["python", "-c", "import http.client, os, sys; \
    easel = http.client.HTTPConnection('127.0.0.1', int(os.environ['EASEL_HTTP__PORT']), timeout=5); \
    easel.request('GET', '/healthz'); sys.exit(easel.getresponse().status != 200)"]
ENTRYPOINT ["easel"]
CMD ["run"]
