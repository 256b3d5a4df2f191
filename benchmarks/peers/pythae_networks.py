"""The lesson's networks in the form that pythae asks for."""

from __future__ import annotations

import torch
import torch_networks as networks
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder


class Encoder(BaseEncoder):
    """Images to the parameters of q."""

    def __init__(self):
        BaseEncoder.__init__(self)
        self.network = networks.encoder()

    def forward(self, x):
        """Means and log-variances."""
        mean, log_var = self.network(x).chunk(2, dim=1)
        return ModelOutput(embedding=mean, log_covariance=log_var)


class Decoder(BaseDecoder):
    """Codes to images."""

    def __init__(self):
        BaseDecoder.__init__(self)
        self.network = networks.decoder()

    def forward(self, z):
        """Pixels in [0, 1]."""
        return ModelOutput(reconstruction=torch.sigmoid(self.network(z)))
