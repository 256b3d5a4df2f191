"""Networks: how x becomes the parameters of q(z given x), and z the parameters of p(x given z).

Each file of this folder is imported, and each network in it becomes a name of this package: a new one is one file.
"""

from latente.discovery import import_all
from latente.model.axes import Network
from latente.model.choice import choices

import_all(__name__)
globals().update(choices(Network, unlisted=True))

__all__ = ["Network", *choices(Network, unlisted=True)]
