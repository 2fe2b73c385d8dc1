"""An independent BERT in NumPy, from a file of weights as the original has it."""

import numpy as np
from scipy.special import erf


def slow_bert(
    tokens, weights, num_layers=6, num_heads=12, first_position=0, epsilon=1e-12
):
    """Last hidden states `[length, dim]` of one text's token ids, in float64."""

    def get(name):
        return weights[name].astype("float64")

    def embed(name, ids):
        return weights[f"embeddings.{name}_embeddings.weight"][ids].astype("float64")

    def dense(x, name):
        return x @ get(f"{name}.weight").T + get(f"{name}.bias")

    def layer_norm(x, name):
        centred = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)
        return centred / deviation * get(f"{name}.weight") + get(f"{name}.bias")

    x = embed("word", tokens)
    x = x + embed("position", np.arange(len(tokens)) + first_position)
    x = x + embed("token_type", 0)
    x = layer_norm(x, "embeddings.LayerNorm")
    for i in range(num_layers):
        at = f"encoder.layer.{i}"
        query, key, value = (
            np.split(dense(x, f"{at}.attention.self.{part}"), num_heads, axis=1)
            for part in ("query", "key", "value")
        )
        heads = []
        for q, k, v in zip(query, key, value, strict=True):
            scores = np.exp(q @ k.T / np.sqrt(q.shape[1]))
            heads.append(scores / scores.sum(axis=1, keepdims=True) @ v)
        x = x + dense(np.concatenate(heads, axis=1), f"{at}.attention.output.dense")
        x = layer_norm(x, f"{at}.attention.output.LayerNorm")
        wide = dense(x, f"{at}.intermediate.dense")
        wide = wide * 0.5 * (1 + erf(wide / np.sqrt(2)))
        x = layer_norm(x + dense(wide, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    return x


def unit_mean(hidden):
    """The mean of hidden states, scaled to length 1."""
    mean = hidden.mean(axis=0)
    return mean / np.linalg.norm(mean)
