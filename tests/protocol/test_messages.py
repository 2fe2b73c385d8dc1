"""Tests of tfrec.protocol.messages, against TensorFlow's and TF Serving's own."""

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
)

from tfrec.protocol import codec, messages

CLASSES = messages._CLASSES


def real(name):
    """TF Serving's class of the same name, which the imports above have registered."""
    descriptor = descriptor_pool.Default().FindMessageTypeByName(name)
    return message_factory.GetMessageClass(descriptor)


def declared(descriptor):
    """Messages, fields and values of enums by full name, as a compiler has them."""
    proto = descriptor_pb2.DescriptorProto()
    descriptor.CopyToProto(proto)
    found = {descriptor.full_name: proto.options.map_entry}
    for field in proto.field:
        kind = (field.number, field.type, field.type_name, field.label)
        found[f"{descriptor.full_name}.{field.name}"] = kind
    for enum in [*descriptor.enum_types, *enums_of(descriptor)]:
        for value in enum.values:
            found[f"{enum.full_name}.{value.name}"] = value.number
    for nested in descriptor.nested_types:
        found |= declared(nested)
    return found


def enums_of(descriptor):
    return [field.enum_type for field in descriptor.fields if field.enum_type]


@pytest.mark.parametrize("name", CLASSES)
def test_what_is_declared_is_what_the_real_one_has(name):
    ours, theirs = declared(CLASSES[name].DESCRIPTOR), declared(real(name).DESCRIPTOR)
    assert ours.items() <= theirs.items()
    assert len(ours) > 1


@pytest.mark.parametrize("name", codec._FIELDS)
def test_tensors_that_tensorflow_writes(name):
    """Value by value and as bytes, each dtype that the codec knows."""
    dtype = np.dtype(codec._FIELDS[name][0])
    array = np.array([[1, 0, 1], [0, 1, 1]], dtype)
    for theirs in (tf.make_tensor_proto(array), value_by_value(array, name)):
        ours = CLASSES["tensorflow.TensorProto"].FromString(theirs.SerializeToString())
        np.testing.assert_array_equal(codec.read_tensor(ours), array, strict=True)
        assert ours.SerializeToString() == theirs.SerializeToString()


def value_by_value(array, number):
    proto = real("tensorflow.TensorProto")(dtype=number)
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    getattr(proto, codec._FIELDS[number][1]).extend(array.ravel().tolist())
    return proto


@pytest.mark.parametrize("values", [[[1.5], [2.5]], [b"a", "é".encode()], True])
def test_tensors_that_we_write(values):
    request = messages.PredictRequest()
    codec.write_tensor(np.array(values), request.inputs["x"])
    theirs = predict_pb2.PredictRequest.FromString(request.SerializeToString())
    assert tf.make_ndarray(theirs.inputs["x"]).tolist() == values


def test_fields_that_are_not_declared_go_through():
    theirs = predict_pb2.PredictRequest(output_filter=["scores"])
    theirs.model_spec.version_label = "stable"
    theirs.inputs["half"].half_val.append(15360)
    ours = messages.PredictRequest.FromString(theirs.SerializeToString())
    back = predict_pb2.PredictRequest.FromString(ours.SerializeToString())
    assert back == theirs


def test_signatures_in_an_any():
    signature = meta_graph_pb2.SignatureDef(method_name="tensorflow/serving/predict")
    signature.inputs["k"].name = "serving_default_k:0"
    signature.defaults["k"].CopyFrom(tf.make_tensor_proto([10]))
    signatures = get_model_metadata_pb2.SignatureDefMap()
    signatures.signature_def["recommend"].CopyFrom(signature)
    theirs = get_model_metadata_pb2.GetModelMetadataResponse()
    theirs.metadata["signature_def"].Pack(signatures)
    ours = messages.GetModelMetadataResponse.FromString(theirs.SerializeToString())
    read = messages.SignatureDefMap()
    assert ours.metadata["signature_def"].Unpack(read)
    recommend = read.signature_def["recommend"]
    assert recommend.inputs["k"].name == "serving_default_k:0"
    assert codec.read_tensor(recommend.defaults["k"]).tolist() == [10]
    back = get_model_metadata_pb2.SignatureDefMap.FromString(read.SerializeToString())
    assert back == signatures


def test_states_of_versions():
    theirs = get_model_status_pb2.GetModelStatusResponse()
    theirs.model_version_status.add(version=2, state="LOADING")
    theirs.model_version_status.add(version=1, state="END").status.error_message = "no"
    ours = messages.GetModelStatusResponse.FromString(theirs.SerializeToString())
    name = messages.ModelVersionStatus.State.Name
    found = [
        (each.version, name(each.state), each.status.error_message)
        for each in ours.model_version_status
    ]
    assert found == [(2, "LOADING", ""), (1, "END", "no")]
