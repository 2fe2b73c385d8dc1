"""Tests of tfrec.protocol.methods, against the stubs of TF Serving's own package."""

from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from tfrec.protocol.methods import stubs


class Notes:
    """A channel that notes what it is asked to call, and what it would answer."""

    def unary_unary(self, path, request_serializer, response_deserializer, **_):
        return path, response_deserializer(b"").DESCRIPTOR.full_name


def test_methods_are_called_as_by_tf_serving_s_own_stubs():
    prediction = prediction_service_pb2_grpc.PredictionServiceStub(Notes())
    model = model_service_pb2_grpc.ModelServiceStub(Notes())
    assert stubs(Notes()) == {
        "Predict": prediction.Predict,
        "GetModelMetadata": prediction.GetModelMetadata,
        "GetModelStatus": model.GetModelStatus,
    }
