"""Runs a saved model through TensorFlow's C API: no Python TensorFlow, no tfrec.

The nearest thing to tensorflow_model_server that the wheels hold: the same loader,
the same v1 session, ops from shared libraries. A script: a job in JSON comes on
stdin, answers in JSON go to stdout; that to a request which the session refuses is
`{"refused": code}`, a number of gRPC's.

The job: `tensorflow` (folder of the package), `op_libraries` (paths), `model` (folder)
and `requests`, each with `feeds` {tensor name: [DataType number, nested values]} and
`fetches` {output name: tensor name}, both as a SignatureDef names them.
"""

import ctypes
import json
import pathlib
import sys

import numpy as np

STRING = 7
NUMBERS = {1: "float32", 3: "int32", 9: "int64", 10: "bool"}  # DataType: numpy
STRING_SIZE = 24  # of a TF_TString
STRING_FUNCTIONS = {
    "TF_StringInit": (None, ctypes.c_void_p),
    "TF_StringCopy": (None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t),
    "TF_StringGetDataPointer": (ctypes.c_void_p, ctypes.c_void_p),
    "TF_StringGetSize": (ctypes.c_size_t, ctypes.c_void_p),
}
POINTER_FUNCTIONS = [
    *("TF_NewStatus", "TF_NewGraph", "TF_NewSessionOptions", "TF_LoadLibrary"),
    *("TF_LoadSessionFromSavedModel", "TF_GraphOperationByName"),
    *("TF_AllocateTensor", "TF_TensorData"),
]


class Output(ctypes.Structure):
    """TF_Output: one output of an operation."""

    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


class Refused(RuntimeError):
    """TensorFlow's words; `code` is that of its status."""

    def __init__(self, words, code):
        super().__init__(words)
        self.code = code


class Session:
    """A saved model, loaded with tag `serve`.

    Args:
        tensorflow: folder of the tensorflow package.
        op_libraries: paths of shared libraries with further ops.
        model: folder of the saved model.
    """

    def __init__(self, tensorflow, op_libraries, model):
        self._c = _open(pathlib.Path(tensorflow))
        self._status = _pointer(self._c.TF_NewStatus())
        for path in op_libraries:
            self._call("TF_LoadLibrary", path.encode())
        self._graph = _pointer(self._c.TF_NewGraph())
        tags = (ctypes.c_char_p * 1)(b"serve")
        options = _pointer(self._c.TF_NewSessionOptions())
        folder = model.encode()
        self._session = _pointer(
            self._call(
                "TF_LoadSessionFromSavedModel",
                *(options, None, folder, tags, 1, self._graph, None),
            )
        )

    def run(self, feeds, fetches):
        """Feeds and fetches as in the job -> `{output name: nested values}`."""
        places = [self._output(name) for name in feeds]
        wanted = [self._output(name) for name in fetches.values()]
        given = [self._tensor(*feed) for feed in feeds.values()]
        found = (ctypes.c_void_p * len(wanted))()
        self._call(
            "TF_SessionRun",
            *(self._session, None),
            *(_array(Output, places), _array(ctypes.c_void_p, given), len(given)),
            *(_array(Output, wanted), found, len(wanted)),
            *(None, 0, None),
        )
        return dict(zip(fetches, map(self._values, found), strict=True))

    def _call(self, function, *arguments):
        result = getattr(self._c, function)(*arguments, self._status)
        if code := self._c.TF_GetCode(self._status):
            raise Refused(self._c.TF_Message(self._status).decode(), code)
        return result

    def _output(self, name):
        operation, index = name.split(":")
        found = self._c.TF_GraphOperationByName(self._graph, operation.encode())
        if not found:
            raise RuntimeError(f"The graph has no operation {operation}.")
        return Output(found, int(index))

    def _tensor(self, dtype, values):
        array = np.array(values, object if dtype == STRING else NUMBERS[dtype])
        size = STRING_SIZE if dtype == STRING else array.itemsize
        dims = (ctypes.c_int64 * array.ndim)(*array.shape)
        num_bytes = ctypes.c_size_t(array.size * size)
        tensor = self._c.TF_AllocateTensor(dtype, dims, array.ndim, num_bytes)
        data = self._c.TF_TensorData(_pointer(tensor))
        if dtype != STRING:
            ctypes.memmove(data, array.tobytes(), array.nbytes)
            return tensor
        for i, text in enumerate(array.ravel()):
            place = data + i * STRING_SIZE
            self._c.TF_StringInit(place)
            self._c.TF_StringCopy(place, text.encode(), len(text.encode()))
        return tensor

    def _values(self, tensor):
        tensor = _pointer(tensor)
        rank = self._c.TF_NumDims(tensor)
        shape = [self._c.TF_Dim(tensor, axis) for axis in range(rank)]
        dtype = self._c.TF_TensorType(tensor)
        data = self._c.TF_TensorData(tensor)
        size = int(np.prod(shape))
        if dtype == STRING:
            places = (data + i * STRING_SIZE for i in range(size))
            flat = np.array([self._text(place) for place in places], object)
        else:
            num_bytes = size * np.dtype(NUMBERS[dtype]).itemsize
            flat = np.frombuffer(ctypes.string_at(data, num_bytes), NUMBERS[dtype])
        return flat.reshape(shape).tolist()

    def _text(self, place):
        size = self._c.TF_StringGetSize(place)
        return ctypes.string_at(self._c.TF_StringGetDataPointer(place), size).decode()


def _open(folder):
    """The C API; libraries with ops find the framework by its being loaded."""
    framework = next(folder.glob("libtensorflow_framework.*"))
    ctypes.CDLL(str(framework), ctypes.RTLD_GLOBAL)
    c = ctypes.CDLL(str(next(folder.glob("libtensorflow_cc.*"))), ctypes.RTLD_GLOBAL)
    for name in POINTER_FUNCTIONS:
        getattr(c, name).restype = ctypes.c_void_p
    for name, (result, *arguments) in STRING_FUNCTIONS.items():
        getattr(c, name).restype = result
        getattr(c, name).argtypes = arguments
    c.TF_Dim.restype = ctypes.c_int64
    c.TF_Message.restype = ctypes.c_char_p
    return c


def _pointer(address):
    return ctypes.c_void_p(address)  # a bare int would be cut to 32 bits


def _array(kind, values):
    return (kind * len(values))(*values)


def answer(session, request):
    """What the session says to one request."""
    try:
        return session.run(request["feeds"], request["fetches"])
    except Refused as error:
        return {"refused": error.code}


def main():
    """Answers the job on stdin."""
    job = json.load(sys.stdin)
    session = Session(job["tensorflow"], job["op_libraries"], job["model"])
    answers = [answer(session, request) for request in job["requests"]]
    strangers = {"tensorflow", "tfrec"} & set(sys.modules)
    if strangers:
        raise RuntimeError(f"Not the C API alone: {strangers} were imported.")
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
