# TF Serving with ScaNN's ops linked in, for the scann flavour of a model. No public image
# newer than 2.11 has them, so this one is compiled: hours, 16 GB of memory, AVX2.
#   docker build -f serving/deploy/tf_serving_scann.Dockerfile \
#     -t tfrec-tf-serving-scann:0.1.0 .
FROM tensorflow/serving:2.20.0-devel AS build
# A commit of github.com/google-research/google-research at which scann is 1.4.2, the
# version that writes the models: ops and models must be of one version.
ARG SCANN_COMMIT=634a79fb5b4b23237a81eac028d27b5d34a5dba4
WORKDIR /tensorflow-serving
RUN mkdir -p third_party/scann/sources \
 && curl -fsSL --retry 5 \
      "https://github.com/google-research/google-research/archive/${SCANN_COMMIT}.tar.gz" \
  | tar -xz --strip-components=2 -C third_party/scann/sources \
      "google-research-${SCANN_COMMIT}/scann"
# Its Python bindings are not wanted, nor what they load.
RUN sed -i -e '/pybind11_bazel/d' -e '/^pybind_library(/,/^)/d' \
      third_party/scann/sources/scann/scann_ops/cc/BUILD.bazel
# ScaNN's rules look for TensorFlow and Eigen in repositories of these names: here they
# are the server's.
COPY serving/deploy/scann/local_config_tf third_party/scann/local_config_tf
COPY serving/deploy/scann/eigen third_party/scann/eigen
COPY serving/deploy/scann/WORKSPACE.more third_party/scann/
RUN touch third_party/scann/sources/WORKSPACE \
 && cat third_party/scann/WORKSPACE.more >> WORKSPACE \
 && sed -i '/@org_tensorflow_text\/\/tensorflow_text:ops_lib/a \    "@com_google_scann//scann/scann_ops/cc:scann_ops",\n    "@com_google_scann//scann/scann_ops/cc:scann_ops_kernels",' \
      tensorflow_serving/model_servers/BUILD \
 && grep -q scann_ops_kernels tensorflow_serving/model_servers/BUILD
RUN bazel build --config=release --copt=-mavx2 --copt=-mfma \
      --copt=-fsized-deallocation --verbose_failures \
      tensorflow_serving/model_servers:tensorflow_model_server \
 && cp bazel-bin/tensorflow_serving/model_servers/tensorflow_model_server /usr/local/bin/

FROM tensorflow/serving:2.20.0
COPY --from=build /usr/local/bin/tensorflow_model_server /usr/bin/tensorflow_model_server
COPY serving/deploy/config/models.config serving/deploy/config/monitoring.config /config/
# The scann flavour under the same name: requests do not tell flavours apart.
COPY saved_models/movielens-scann /models/movielens
USER 10001:10001
EXPOSE 8500 8501
ENTRYPOINT ["tensorflow_model_server"]
CMD ["--port=8500", \
     "--rest_api_port=8501", \
     "--model_config_file=/config/models.config", \
     "--model_config_file_poll_wait_seconds=5", \
     "--monitoring_config_file=/config/monitoring.config", \
     "--grpc_channel_arguments=grpc.max_connection_age_ms=300000"]
