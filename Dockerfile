# syntax=docker/dockerfile:1
# The gateway, as a user that is not root and on a file system that may be read-only:
#   docker build --tag proveout .
#   docker run --rm --volume proveout:/data proveout key create --home /data --name first
#   docker run --rm --volume proveout:/data --publish 127.0.0.1:8080:8080 proveout

FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
    && python -m venv /opt/proveout \
    && /opt/proveout/bin/python -m pip install --no-cache-dir "$(echo /wheels/proveout-*.whl)[gateway]"

FROM python:3.13-slim
RUN groupadd --gid 10001 proveout \
    && useradd --uid 10001 --gid proveout --no-create-home --home-dir /data --shell /usr/sbin/nologin proveout \
    && install --directory --owner=proveout --group=proveout --mode=0700 /data
COPY --from=build /opt/proveout /opt/proveout
# Bytecode was written when it was installed, and nothing may be written beside it now.
ENV PATH=/opt/proveout/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/readyz', timeout=2)"]
ENTRYPOINT ["proveout"]
CMD ["serve", "--home", "/data", "--host", "0.0.0.0", "--port", "8080"]
