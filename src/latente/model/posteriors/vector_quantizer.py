"""Learned codes: each group of latents becomes the nearest vector of a codebook."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from latente.errors import UserError
from latente.model.axes import Evidence, Tensor
from latente.model.posteriors.code_usage import counted
from latente.model.posteriors.discrete import DiscretePosterior


class VectorQuantizer(DiscretePosterior):
    """The quantizer of the VQ-VAE (van den Oord et al. 2017), its codebook moved by averages (appendix A.1 there).

    Each group of ``width`` latents becomes the nearest of ``codes`` vectors; all groups share the codebook. With
    several stages, each quantizes what the ones before left over, with a codebook of its own, and the code is the sum
    (residual quantization: Zeghidour et al. 2021; Lee et al. 2022).

    The codebook starts on encoder outputs of the first batch. Then each code follows the moving average of the encoder
    outputs that it replaces, which is k-means batch by batch. A code that is hardly used starts anew on an encoder
    output of the batch (Dhariwal et al. 2020, section 3.1).

    Args:
        codes: Vectors in a codebook.
        width: Latents of a group, which one code replaces; latent_dim must be a multiple of it.
        stages: Codebooks that quantize a group one after another.
        decay: How much of the moving averages stays at each step.
        commitment: Weight of the squared distance, summed over latents, that draws the encoder to its codes.
        restart: A code whose moving count falls below this share of the average one starts anew; 0 for never.
    """

    logged = ("commitment",)
    replicates = False  # TensorFlow's replicas wait for each other for ever where they move the codebook

    def __init__(
        self,
        codes: int = 512,
        width: int = 16,
        stages: int = 1,
        decay: float = 0.99,
        commitment: float = 0.25,
        restart: float = 0.03,
        **kwargs: Any,
    ) -> None:
        if codes < 2 or width < 1 or stages < 1:
            raise UserError(
                f"VectorQuantizer needs codes >= 2, width >= 1 and stages >= 1. Received {codes}, {width} and {stages}."
            )
        if not (0 <= decay < 1 and 0 <= commitment < float("inf") and 0 <= restart < 1):
            raise UserError(
                f"VectorQuantizer needs decay and restart in [0, 1), and a finite commitment >= 0. Received {decay}, "
                f"{restart} and {commitment}."
            )
        super().__init__(codes, width, stages, **kwargs)
        self.decay = decay
        self.commitment = commitment
        self.restart = restart
        shape, start = (stages, codes, width), keras.initializers.RandomNormal(stddev=1.0)
        self.codebooks = self.add_weight(name="codebooks", shape=shape, initializer=start, trainable=False)
        self.counts = self.add_weight(name="counts", shape=shape[:2], initializer="zeros", trainable=False)

    def indices_of(self, encoded: Tensor) -> Tensor:
        """The nearest code of each group, one stage after another."""
        rest, found = ops.stop_gradient(ops.reshape(encoded, (-1, self.width))), []
        for codebook in ops.unstack(ops.convert_to_tensor(self.codebooks), self.stages):
            # |a|^2 - |a - b|^2, without |a|^2 in either, which is the same for all codes.
            nearness = 2 * ops.matmul(rest, ops.transpose(codebook)) - ops.sum(ops.square(codebook), axis=-1)
            # Not argmax, which takes twice as long on TensorFlow and JAX, and which tf2onnx does not know.
            found.append(ops.cast(ops.top_k(nearness, 1)[1][:, 0], "int32"))
            rest = rest - ops.take(codebook, found[-1], axis=0)
        return ops.reshape(ops.stack(found, axis=-1), (-1, self.positions(encoded.shape[-1])))

    def codes_of(self, indices: Tensor) -> Tensor:
        """The sum over stages of the codes that indices ``(batch, positions)`` stand for."""
        latent_dim = indices.shape[-1] // self.stages * self.width
        return ops.reshape(sum(self._looked_up(indices)), (-1, latent_dim))

    def adjust(self, loss: Tensor, evidence: Evidence) -> tuple[Tensor, dict[str, Tensor]]:
        """Add the weighted distance of the encoder's outputs to their codes; while training, move the codebooks."""
        loss, logs = super().adjust(loss, evidence)
        rest = ops.reshape(evidence.q["encoded"], (-1, self.width))
        inputs, distance = [], 0.0
        for codes in self._looked_up(evidence.q["indices"]):
            inputs.append(ops.stop_gradient(rest))
            rest = rest - ops.stop_gradient(codes)
            distance += ops.sum(ops.square(ops.reshape(rest, (-1, evidence.z.shape[-1]))), axis=-1)
        if evidence.training:
            self._move(inputs, evidence)
        return loss + self.commitment * distance, {**logs, "commitment": distance}

    def _looked_up(self, indices: Tensor) -> list[Tensor]:
        """The codes of each stage, ``(groups of the batch, width)``."""
        codebooks = ops.unstack(ops.convert_to_tensor(self.codebooks), self.stages)
        return [ops.take(book, found, axis=0) for book, found in zip(codebooks, self._of_stage(indices), strict=True)]

    def _of_stage(self, indices: Tensor) -> list[Tensor]:
        """The indices ``(batch, positions)`` by their stage, each ``(groups of the batch,)``."""
        return ops.unstack(ops.reshape(indices, (-1, self.stages)), self.stages, axis=-1)

    def _move(self, inputs: list[Tensor], evidence: Evidence) -> None:
        of_stage = zip(inputs, self._of_stage(evidence.q["indices"]), strict=True)
        moved = [self._moved(stage, *each, evidence) for stage, each in enumerate(of_stage)]
        self.codebooks.assign(ops.stack([codebook for codebook, _ in moved]))
        self.counts.assign(ops.stack([counts for _, counts in moved]))

    def _moved(self, stage: int, inputs: Tensor, indices: Tensor, evidence: Evidence) -> tuple[Tensor, Tensor]:
        """Codebook and counts of a stage after a batch of ``inputs`` ``(groups of the batch, width)``."""
        codebook, counts = self.codebooks[stage], self.counts[stage]
        uses = counted(indices, self.codes)
        sums = ops.segment_sum(inputs, indices, num_segments=self.codes)
        counts = self.decay * counts + (1 - self.decay) * uses
        # The average of the paper, sums over counts, written so that an unused code stays exactly where it is.
        step = (1 - self.decay) * (sums - uses[:, None] * codebook) / ops.maximum(counts, 1e-30)[:, None]
        average = ops.mean(counts)
        dead = ops.logical_or(counts < self.restart * average, evidence.step == 0)
        noise = evidence.model.noise(evidence.training)
        chosen = keras.random.randint((self.codes,), 0, ops.shape(inputs)[0], seed=noise)
        codebook = ops.where(dead[:, None], ops.take(inputs, chosen, axis=0), codebook + step)
        return codebook, ops.where(dead, average, counts)
