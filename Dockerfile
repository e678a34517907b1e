# The image: a virtual environment on Debian's slim Python, and nothing else of ours.
#
#   docker build -t mock-clover .
#   docker run --rm --read-only -p 127.0.0.1:4242:4242 mock-clover
#
# Laws of the file: the root may be read-only (nothing is written at run time), the user is not root,
# packages have the versions and hashes of .requirements/, nothing in the image installs packages, and
# what only the builder's network needs comes as a secret mount, so that no layer and no history can
# hold it. Behind a proxy with its own authority or index:
#
#   docker build --secret id=pip.conf,src=pip.conf --secret id=ca.pem,src=ca.pem -t mock-clover .
#
# where pip.conf says `cert = /run/secrets/ca.pem`. Absent secrets are no error.

# `make pin-base` adds the newest digest here: @sha256:…
FROM python:3.11-slim-bookworm AS base

# ---- dependencies: made anew only when the locks change ----------------------------------------------
FROM base AS dependencies
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_ROOT_USER_ACTION=ignore
COPY .requirements/build.txt .requirements/serve.txt ./
# Two environments: the one that is shipped, which has no pip, and the build backend's, which is not.
# `--only-binary`: no code of a package runs while it is installed.
# `unchecked-hash`: byte code that never looks at its source's time is right whatever a copy does to
# times, and start-up saves a stat for each module.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca.pem,target=/run/secrets/ca.pem \
    python3 -m venv --without-pip /opt/mock-clover \
 && python3 -m venv --without-pip backend \
 && install="install --require-hashes --no-deps --only-binary :all:" \
 && python3 -m pip --python /opt/mock-clover $install -r serve.txt \
 && python3 -m pip --python backend $install -r build.txt \
 && /opt/mock-clover/bin/python3 -m compileall -q --invalidation-mode unchecked-hash /opt/mock-clover

# ---- application: our own wheel, laid out under /build/root so that it is a small layer of its own --
# What `COPY . .` takes is the allow-list of .dockerignore.
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
      org.opencontainers.image.description="The Clover payments sandbox on your own machine: stateful, deterministic, offline." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=dependencies /opt/mock-clover /opt/mock-clover
COPY --from=application /build/root /
# Where `serve --tls` keeps its authority if a volume is mounted there; a new one gets this owner.
COPY --from=application --chown=10001:10001 /build/empty /var/lib/mock-clover
# The only place where the server listens to more than loopback: inside a container nobody could
# reach it otherwise. Which addresses of the host see it is for `-p` to say.
ENV PATH=/opt/mock-clover/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MOCK_CLOVER_HOST=0.0.0.0 \
    XDG_DATA_HOME=/var/lib
EXPOSE 4242
# A number, so that an orchestrator that demands "not root" can tell without reading /etc/passwd.
USER 10001:10001
# Exec form twice: no shell stands between the signal and the server, which is PID 1 itself.
ENTRYPOINT ["mock-clover"]
CMD ["serve"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=3s --timeout=2s --start-period=5s --retries=3 CMD ["mock-clover", "health"]
