# The README's set-up in a container: docker build -t perceptual-asymmetry .
# `docker run --rm perceptual-asymmetry` is the demo; docs/cluster.md says how to keep its results, and how to use apptainer.
FROM python:3.11-slim

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*

# Where there is a mirror of the package index: docker build --build-arg PIP_INDEX_URL=… --build-arg UV_DEFAULT_INDEX=…
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX

WORKDIR /opt/perceptual-asymmetry
COPY Makefile requirements.lock requirements-uv.lock ./
RUN make setup
COPY . .

# HOME: caches of matplotlib and snakemake, writable for whichever user the container runs as
ENV PATH=/opt/perceptual-asymmetry/.venv/bin:$PATH HOME=/tmp
CMD ["make", "demo"]
