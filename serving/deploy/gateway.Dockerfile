# Gateway and consumer, without TensorFlow. From the root of the repository:
#   docker build -f serving/deploy/gateway.Dockerfile -t tfrec-gateway:0.1.0 .
FROM python:3.11.13-slim-bookworm AS build
WORKDIR /src
# First what changes seldom. Every file of every package has its hash in these lists.
COPY serving/deploy/requirements ./requirements
RUN python -m venv /opt/tfrec \
 && /opt/tfrec/bin/pip install --no-cache-dir --require-hashes -r requirements/gateway.txt \
 && /opt/tfrec/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY tfrec ./tfrec
COPY serving ./serving
RUN /opt/tfrec/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11.13-slim-bookworm
COPY --from=build /opt/tfrec /opt/tfrec
ENV PATH=/opt/tfrec/bin:$PATH \
    PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 8080 9100
# The consumer is another command: tfrec-consume.
CMD ["tfrec-gateway", "--help"]
