"""The messages of Predict, GetModelMetadata and GetModelStatus."""

import pathlib
from typing import Any

from tfrec.protocol.loading import load_messages

_HERE = pathlib.Path(__file__).parent
_CLASSES = load_messages(_HERE / "tensorflow.proto", _HERE / "serving.proto")
_PACKAGE = "tensorflow.serving"

PredictRequest: Any = _CLASSES[f"{_PACKAGE}.PredictRequest"]
PredictResponse: Any = _CLASSES[f"{_PACKAGE}.PredictResponse"]
GetModelMetadataRequest: Any = _CLASSES[f"{_PACKAGE}.GetModelMetadataRequest"]
GetModelMetadataResponse: Any = _CLASSES[f"{_PACKAGE}.GetModelMetadataResponse"]
SignatureDefMap: Any = _CLASSES[f"{_PACKAGE}.SignatureDefMap"]
GetModelStatusRequest: Any = _CLASSES[f"{_PACKAGE}.GetModelStatusRequest"]
GetModelStatusResponse: Any = _CLASSES[f"{_PACKAGE}.GetModelStatusResponse"]
ModelVersionStatus: Any = _CLASSES[f"{_PACKAGE}.ModelVersionStatus"]
