"""Networks: how x becomes the parameters of q(z given x), and z the parameters of p(x given z).

One spec gives both halves, so that the decoder mirrors the encoder for any height, width and number of channels.
"""

from latente.model.networks.conv import Conv
from latente.model.networks.dense import Dense
from latente.model.networks.network import ImageShape, Network
from latente.model.networks.own import Own
from latente.model.networks.resnet import ResNet

__all__ = ["Conv", "Dense", "ImageShape", "Network", "Own", "ResNet"]
