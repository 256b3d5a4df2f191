"""The lesson's networks in PyTorch, channels first, from the same initial distribution as Keras's."""

from __future__ import annotations

import torch
from torch import nn


def encoder() -> nn.Sequential:
    """From images (n, 1, 28, 28) to means and log-variances side by side, (n, 20)."""
    return _initialised(
        nn.Sequential(
            nn.Conv2d(1, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(7 * 7 * 64, 128),
            nn.ReLU(),
            nn.Linear(128, 2 * 10),
        )
    )


def decoder() -> nn.Sequential:
    """From codes (n, 10) to logits (n, 1, 28, 28)."""
    return _initialised(
        nn.Sequential(
            nn.Linear(10, 128),
            nn.ReLU(),
            nn.Linear(128, 7 * 7 * 64),
            nn.ReLU(),
            nn.Unflatten(1, (64, 7, 7)),
            nn.ConvTranspose2d(64, 64, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 1, 3, padding=1),
        )
    )


def _initialised(network: nn.Sequential) -> nn.Sequential:
    """Glorot's uniform weights and zero biases: PyTorch's own start differs, and shows after two epochs."""
    for layer in network:
        if hasattr(layer, "weight"):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return network


def parameters(*modules: nn.Module) -> int:
    """How many numbers are learned."""
    return sum(weight.numel() for module in modules for weight in module.parameters())


def yardstick(encode: nn.Module, decode: nn.Module) -> tuple:
    """The two functions of arrays that ``common.elbo`` asks for."""
    device = next(encode.parameters()).device

    @torch.no_grad()
    def posterior(images):
        found = encode(torch.from_numpy(images).reshape(-1, 1, 28, 28).to(device))
        return tuple(part.cpu().numpy() for part in found.chunk(2, dim=1))

    @torch.no_grad()
    def logits(z):
        return decode(torch.from_numpy(z).to(device)).cpu().numpy()

    return posterior, logits
