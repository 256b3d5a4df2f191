"""A small transformer over the indices of discrete codes."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from latente.errors import UserError
from latente.model.axes import Model, Seed, Tensor
from latente.model.layers import sequential
from latente.model.priors.codes import CodePrior, discrete

Past = tuple[Tensor, Tensor]

AT_ONCE = 500
"""Sequences drawn together: the memory of the attention grows with them."""


class Autoregressive(CodePrior):
    """p(indices) as a product over positions, each given those before, by a causal transformer (Vaswani et al. 2017).

    Positions come row by row where the latents lie on a map. It is trained with the rest of the model, in one loss.
    Temperature divides the logits of each position; at 0 the likeliest code is taken.

    Args:
        width: Numbers that represent a position, a multiple of heads.
        depth: Layers.
        heads: Heads of the attention of each layer.
    """

    learned = True

    def __init__(self, width: int = 128, depth: int = 3, heads: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if min(width, depth, heads) < 1 or width % heads:
            raise UserError(
                f"Autoregressive needs width, depth and heads of at least 1, and a width that is a multiple of heads. "
                f"Received {width}, {depth} and {heads}."
            )
        self.width = width
        self.depth = depth
        self.heads = heads

    def bind(self, model: Model) -> None:
        """Make the transformer for the model's codes and positions."""
        posterior = discrete(model)
        positions = posterior.positions(model.latent_dim)
        small = keras.initializers.RandomNormal(stddev=0.02)
        self.places = self.add_weight(name="places", shape=(positions, self.width), initializer=small)
        self.embedding = layers.Embedding(posterior.codes, self.width, embeddings_initializer=small, name="embedding")
        self.blocks = [CausalBlock(self.heads, name=f"block_{i}") for i in range(self.depth)]
        self.normalization = layers.LayerNormalization(name="normalization")
        self.head = layers.Dense(posterior.codes, name="head")
        self.embedding.build((None, positions))
        for layer in (*self.blocks, self.normalization, self.head):
            layer.build((None, None, self.width))

    def log_prob_of(self, indices: Tensor, model: Model) -> Tensor:
        """The sum over positions of the logarithm of each index's probability."""
        logits = self.logits(indices)
        return -ops.sum(ops.sparse_categorical_crossentropy(indices, logits, from_logits=True), axis=-1)

    def logits(self, indices: Tensor) -> Tensor:
        """What the indices before each position say of it, ``(batch, positions, codes)``."""
        # Nothing comes before the first position: its place alone is the start.
        before = ops.pad(self.embedding(indices[:, :-1]), ((0, 0), (1, 0), (0, 0)))
        x = before + ops.convert_to_tensor(self.places)
        for block in self.blocks:
            x, _ = block(x)
        return self.head(self.normalization(x))

    def sample_indices(self, n: int | Tensor, model: Model, seed: Seed, temperature: float) -> Tensor:
        """One position after another."""
        parts = [self._drawn(min(AT_ONCE, n - done), seed, temperature) for done in range(0, n, AT_ONCE)]
        return ops.concatenate(parts)

    def _drawn(self, n: int, seed: Seed, temperature: float) -> Tensor:
        """Indices ``(n, positions)``, each layer keeping what it made of the positions before."""
        positions = self.places.shape[0]
        pasts = [block.empty(n, positions) for block in self.blocks]
        x, drawn = ops.zeros((n, 1, self.width)), []
        for place in range(positions):
            x = x + ops.convert_to_tensor(self.places)[place]
            for number, block in enumerate(self.blocks):
                x, pasts[number] = block(x, past=pasts[number], place=place)
            logits = self.head(self.normalization(x))[:, 0]
            if temperature:
                drawn.append(keras.random.categorical(logits / temperature, 1, dtype="int32", seed=seed))
            else:
                drawn.append(ops.cast(ops.argmax(logits, axis=-1, keepdims=True), "int32"))
            x = self.embedding(drawn[-1])
        return ops.concatenate(drawn, axis=-1)


@keras.saving.register_keras_serializable(package="latente")
class CausalBlock(layers.Layer):
    """A layer of a transformer, normalized before attention and before the dense part (Radford et al. 2019).

    Args:
        heads: Heads of the attention.
    """

    def __init__(self, heads: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads = heads

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights for sequences ``(batch, positions, width)``."""
        width = input_shape[-1]
        assert width is not None
        normalized = [layers.LayerNormalization(), layers.Dense(3 * width, use_bias=False)]
        self.projection = sequential(input_shape[1:], normalized, name="projection")
        self.gathered = layers.Dense(width, name="gathered")
        self.gathered.build(input_shape)
        widened = [layers.LayerNormalization(), layers.Dense(4 * width, activation="gelu"), layers.Dense(width)]
        self.dense = sequential(input_shape[1:], widened, name="dense")

    def empty(self, n: int, positions: int) -> Past:
        """Keys and values of ``n`` sequences before their first position."""
        width = self.gathered.kernel.shape[0]
        nothing = ops.zeros((n, positions, self.heads, width // self.heads))
        return nothing, nothing

    def call(self, inputs: Tensor, past: Past | None = None, place: int = 0) -> tuple[Tensor, Past]:
        """Whole sequences ``(batch, positions, width)``; or one position of them, after its ``past``.

        Returns:
            What it makes of them, and the keys and values, with those of ``place`` where a past is given.
        """
        query, key, value = self._heads(inputs)
        if past is not None:
            # The position is written by a mask: an index that changes would be compiled anew on JAX.
            here = (ops.arange(past[0].shape[1]) == place)[None, :, None, None]
            key, value = (
                ops.where(here, ops.stop_gradient(new), old) for new, old in zip((key, value), past, strict=True)
            )
        seen = ops.arange(key.shape[1])[None] <= place + ops.arange(inputs.shape[1])[:, None]
        found = ops.nn.dot_product_attention(query, key, value, mask=seen[None, None])
        x = inputs + self.gathered(ops.reshape(found, ops.shape(inputs)))
        return x + self.dense(x), (key, value)

    def _heads(self, inputs: Tensor) -> list[Tensor]:
        """Queries, keys and values, each ``(batch, positions, heads, width / heads)``."""
        *_, positions, width = inputs.shape
        shape = (-1, positions, 3, self.heads, width // self.heads)
        return ops.unstack(ops.reshape(self.projection(inputs), shape), 3, axis=2)
