# The image: a virtual environment on the Debian slim Python image.
#
#   docker build -t mock-clover .
#   docker run --rm --read-only -p 127.0.0.1:4242:4242 mock-clover
#
# Constraints: works with a read-only root filesystem (nothing is written at run time), the user is not
# root, packages have the versions and hashes of .requirements/, nothing in the image installs packages,
# and network settings of the build machine are passed as secret mounts, so that they end up in no layer
# and not in the history. Behind a proxy with its own CA, or with a private package index:
#
#   docker build --secret id=pip.conf,src=pip.conf --secret id=ca.pem,src=ca.pem -t mock-clover .
#
# where pip.conf contains `cert = /run/secrets/ca.pem`. Both secrets are optional.

# `make pin-base` adds the newest digest here: @sha256:…
FROM python:3.11-slim-bookworm AS base

# ---- dependencies: rebuilt only when the lock files change -------------------------------------------
FROM base AS dependencies
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_ROOT_USER_ACTION=ignore
COPY .requirements/build.txt .requirements/serve.txt ./
# Two environments: one for the image, without pip, and one for the build backend only.
# `--only-binary`: no code of a package runs during its installation.
# `unchecked-hash`: bytecode that ignores source timestamps stays valid after COPY, and startup saves
# one stat per module.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca.pem,target=/run/secrets/ca.pem \
    python3 -m venv --without-pip /opt/mock-clover \
 && python3 -m venv --without-pip backend \
 && install="install --require-hashes --no-deps --only-binary :all:" \
 && python3 -m pip --python /opt/mock-clover $install -r serve.txt \
 && python3 -m pip --python backend $install -r build.txt \
 && /opt/mock-clover/bin/python3 -m compileall -q --invalidation-mode unchecked-hash /opt/mock-clover

# ---- application: our wheel, installed under /build/root so that it becomes a separate small layer --
# `COPY . .` copies only the files allowed by .dockerignore.
FROM dependencies AS application
COPY . .
RUN backend/bin/python3 -m hatchling build --target wheel --directory dist \
 && python3 -m pip --python /opt/mock-clover install --no-index --no-deps --no-warn-script-location \
        --root /build/root dist/*.whl \
 && /opt/mock-clover/bin/python3 -m compileall -q --invalidation-mode unchecked-hash \
        -s /build/root /build/root \
 && mkdir empty

# ---- the image -----------------------------------------------------------------------------------
FROM base
# The base brings tools that install packages; nothing here uses them. A base with Debian's own Python
# wants the option; any other ignores it.
RUN rm -rf "$(python3 -c 'import ensurepip; print(*ensurepip.__path__)')" "$(command -v pip)" \
 && python3 -m pip uninstall --yes --break-system-packages --root-user-action=ignore pip setuptools wheel
LABEL org.opencontainers.image.title="mock-clover" \
      org.opencontainers.image.description="A local mock of the Clover payments sandbox: stateful, deterministic, offline." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=dependencies /opt/mock-clover /opt/mock-clover
COPY --from=application /build/root /
# `serve --tls` stores its CA here if a volume is mounted; a new volume inherits this owner.
COPY --from=application --chown=10001:10001 /build/empty /var/lib/mock-clover
# Listen on all interfaces: on loopback only, the container would be unreachable. `-p` decides on which
# host addresses the port is published.
ENV PATH=/opt/mock-clover/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MOCK_CLOVER_HOST=0.0.0.0 \
    XDG_DATA_HOME=/var/lib
EXPOSE 4242
# Numeric, so that orchestrators can enforce runAsNonRoot without reading /etc/passwd.
USER 10001:10001
# Exec form for both: the server is PID 1 and receives signals directly, without a shell.
ENTRYPOINT ["mock-clover"]
CMD ["serve"]
STOPSIGNAL SIGTERM
# The first check is after one interval, so that a longer one would delay `service_healthy`.
HEALTHCHECK --interval=3s --timeout=3s --start-period=5s --retries=3 CMD ["python3", "-Im", "mock_clover.health"]
