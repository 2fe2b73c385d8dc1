"""Keras variables in a saved model."""

import contextlib

import keras


@contextlib.contextmanager
def keras_variables_saved_once():
    """While it lasts, a Keras variable is saved as the one variable that it is.

    Keras 3.15 saves two: the functions read one and a TF Serving session restores
    the other, which `tf.saved_model.load` does not show.

    Reference:
        https://github.com/keras-team/keras/issues/20095
    """
    original = keras.Variable._export_to_saved_model_graph

    def export(self, object_map, tensor_map, options, **kwargs):
        resources = self.value._export_to_saved_model_graph(
            object_map, tensor_map, options, **kwargs
        )
        object_map[self] = object_map[self.value]
        return resources

    keras.Variable._export_to_saved_model_graph = export
    try:
        yield
    finally:
        keras.Variable._export_to_saved_model_graph = original
