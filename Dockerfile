# What to set, and how to use a card: docs/deploy/docker.md.
FROM python:3.12-slim AS builder
# Another package index, if the build is to use one; pip reads these names itself.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
# The index to take PyTorch from, where its usual build does not suit: docs/deploy/docker.md.
ARG TORCH_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY requirements-torch.lock requirements.lock ./
# As `make setup` does it: torch first and by itself, then exactly the files that the lock names.
RUN python -m venv /opt/venv \
    && PIP_INDEX_URL="${TORCH_INDEX_URL:-$PIP_INDEX_URL}" \
        /opt/venv/bin/pip install -r requirements-torch.lock
RUN /opt/venv/bin/pip install --require-hashes --no-deps -r requirements.lock

FROM python:3.12-slim
# A name for the user as well: some libraries ask for it. It owns nothing but /data.
RUN groupadd --gid 10001 faqdesk \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp \
        --shell /usr/sbin/nologin faqdesk \
    && install -d -o 10001 -g 10001 -m 0750 /data
COPY --from=builder /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    FAQ_DATA_DIR=/data HF_HOME=/data/huggingface
WORKDIR /app
COPY LICENSE main.py ./
COPY config config
COPY engine engine
COPY bot bot
# Compiled here because the root is read-only later; readable whatever the builder's umask was.
RUN python -m compileall -q main.py config engine bot && chmod -R a+rX,go-w .
# Questions, caches, saved models and what the hub downloads.
VOLUME /data
USER 10001:10001
HEALTHCHECK --interval=30s --timeout=10s --start-period=2m --retries=3 \
    CMD ["python", "main.py", "health"]
ENTRYPOINT ["python", "main.py"]
CMD ["run"]
