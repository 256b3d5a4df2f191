"""Networks: from x to the parameters of q(z given x), from z to those of p(x given z). A new one is a file here."""

from latente.model.axes import Network
from latente.model.choice import publish

publish(globals(), Network)
