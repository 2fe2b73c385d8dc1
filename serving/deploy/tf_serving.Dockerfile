# Stock TF Serving with the exact flavour of a model. From the root of the repository:
#   docker build -f serving/deploy/tf_serving.Dockerfile -t tfrec-tf-serving:0.1.0 .
FROM tensorflow/serving:2.20.0
# What config/models.config names.
COPY saved_models/movielens /models/movielens
COPY serving/deploy/config/models.config serving/deploy/config/batching.config serving/deploy/config/monitoring.config /config/
USER 10001:10001
EXPOSE 8500 8501
ENTRYPOINT ["tensorflow_model_server"]
CMD ["--port=8500", \
     "--rest_api_port=8501", \
     "--model_config_file=/config/models.config", \
     "--model_config_file_poll_wait_seconds=5", \
     "--monitoring_config_file=/config/monitoring.config", \
     "--enable_batching", \
     "--batching_parameters_file=/config/batching.config", \
     "--grpc_channel_arguments=grpc.max_connection_age_ms=300000"]
