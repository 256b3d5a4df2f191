"""The limits of every number that a choice takes: the last that is allowed, and the first that is refused."""

import math
from typing import Any, get_args

import numpy as np
import pytest

from latente.errors import UserError
from latente.model import AXES, choices
from latente.model.choice import is_latentes
from latente.options import options_of

pytestmark = pytest.mark.backend

CHOICES = {name: choice for axis in AXES.values() for name, choice in choices(axis).items() if is_latentes(choice)}
LEAST_STD = 1 / 510  # half a grey level
ABOVE_ZERO = [(1e-30, 0.0), (1e30, math.inf)]
FROM_ZERO = [(0.0, -1e-9), (1e30, math.inf)]
SHARE = [(0.0, -1e-9), (1 - 1e-9, 1.0)]
STD = [(LEAST_STD, math.nextafter(LEAST_STD, 0)), (1e30, math.inf)]
ONE = [(1, 0)]

LIMITS: dict[str, dict[str, list[tuple[Any, Any]]]] = {
    "Conv": {"filters": [((1,), (0,)), ((8, 1), (8, 0))], "kernel_size": [(2, 1)], "hidden": [(0, -1)]},
    "ResNet": {
        "filters": [((8,), (0,)), ((8, 16), (8, 17))],
        "blocks": ONE,
        "groups": [(1, 0), (32, 33)],
        "attention": [(0, -1)],
    },
    "Dense": {"hidden": [((1,), (0,)), ((8, 1), (8, 0)), ((), (-1,))]},
    "FSQ": {"levels": [((2,), (1,)), ((8, 2), (8, 1)), ((2,) * 20, (2,) * 31), ((2,), (2**31,)), ((2,), ())]},
    "VectorQuantizer": {
        "codes": [(2, 1)],
        "width": ONE,
        "stages": ONE,
        "decay": SHARE,
        "commitment": FROM_ZERO,
        "restart": SHARE,
    },
    "Autoregressive": {"width": [(4, 0), (8, 9)], "depth": ONE, "heads": ONE},
    "Flow": {"couplings": [(2, 1)], "hidden": ONE},
    "Mixture": {"components": ONE},
    "VampPrior": {"pseudo_inputs": ONE},
    "DiscretizedLogistic": {"mixtures": ONE},
    "Gaussian": {"std": STD},
    "Laplace": {"std": STD},
    "ELBO": {"beta": ABOVE_ZERO, "schedule_steps": ONE, "free_bits": FROM_ZERO},
    "BetaTCVAE": {"beta": ABOVE_ZERO},
    "CapacityVAE": {"gamma": ABOVE_ZERO, "capacity": FROM_ZERO, "capacity_steps": ONE},
    "DIPVAE": {"off_diagonal": FROM_ZERO, "diagonal": FROM_ZERO},
    "FactorVAE": {"gamma": FROM_ZERO, "hidden": [((1,), (0,)), ((8, 1), (8, 0))]},
    "GECO": {"target": [(1e30, math.inf), (-1e30, -math.inf)], "rate": ABOVE_ZERO, "decay": SHARE},
    "IWAE": {"samples": ONE},
    "MMD": {"weight": ABOVE_ZERO, "kl": FROM_ZERO},
}
ROWS = [
    (name, option, *ends) for name, options in LIMITS.items() for option, limits in options.items() for ends in limits
]


@pytest.mark.parametrize(("name", "option", "last", "first"), ROWS)
def test_the_last_value_is_taken_and_the_first_beyond_is_refused(name: str, option: str, last: Any, first: Any):
    assert CHOICES[name](**{option: last}).get_config()[option] == last
    with pytest.raises(UserError, match="Received"):
        CHOICES[name](**{option: first})


def test_no_number_of_a_choice_is_forgotten():
    """Nor is infinity or NaN, where it takes fractions."""
    numbers = {
        name: {
            option for option, about in options_of(choice).items() if {int, float} & {about.type, *get_args(about.type)}
        }
        for name, choice in CHOICES.items()
    }
    assert {name: options for name, options in numbers.items() if options} == {
        name: set(options) for name, options in LIMITS.items()
    }
    for name, options in numbers.items():
        for option in options:
            if options_of(CHOICES[name])[option].type is float:
                with pytest.raises(UserError, match="Received"):
                    CHOICES[name](**{option: np.nan})
