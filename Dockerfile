# syntax=docker/dockerfile:1
# The gateway, as a user that is not root and on a file system that may be read-only, but for /data, which a folder of the
# host must let user 10001 write:
#   docker build --tag proveout .
#   docker run --rm --volume proveout:/data proveout key create --home /data --name first
#   docker run --rm --read-only --tmpfs /tmp --stop-timeout 40 --volume proveout:/data --publish 127.0.0.1:8080:8080 proveout

FROM python:3.13-slim AS build
# prices, so that budgets count what providers cost; add providers for Anthropic, Gemini and Bedrock.
ARG EXTRAS=gateway,oidc,prices,telemetry
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY requirements/run.txt requirements/
COPY src ./src
# The versions that are tested; without their hashes, since pip then asks for one of the wheel that is made here.
RUN sed -e '/--hash=/d' -e 's/ \\$//' requirements/run.txt > constraints.txt \
    && python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
    && python -m venv /opt/proveout \
    && /opt/proveout/bin/python -m pip install --no-cache-dir --constraint constraints.txt \
        "$(echo /wheels/proveout-*.whl)[${EXTRAS}]"

# It has the certificates that TLS upstream is checked with (ca-certificates).
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
# Not by urllib, which would ask a proxy that the environment names.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8080, timeout=2); c.request('GET', '/readyz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["proveout"]
CMD ["serve", "--home", "/data", "--host", "0.0.0.0", "--port", "8080"]
