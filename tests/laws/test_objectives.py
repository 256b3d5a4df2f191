"""The ELBO's weight, its schedules and free bits; the refusals; one class is enough for a new objective."""

import numpy as np
import pytest
from keras import ops

from latente.errors import UserError
from latente.model import AXES, Objective, choices
from latente.model.axes import Evidence
from latente.model.choice import make
from latente.model.objectives import ELBO, Autoencoder
from latente.model.schedules import SCHEDULES

pytestmark = pytest.mark.backend

LOG_LIKELIHOOD = np.array([-10.0, -20.0], "float32")
KL = np.array([[1.0, 0.1], [3.0, 0.1]], "float32")


def loss(objective: Objective, step: float = 0.0, kl: np.ndarray = KL) -> np.ndarray:
    z, log_likelihood, kl, step = (ops.convert_to_tensor(np.float32(part)) for part in (KL, LOG_LIKELIHOOD, kl, step))
    evidence = Evidence(None, {}, z, log_likelihood, kl, step, model=None, training=True)
    return ops.convert_to_numpy(objective.loss(evidence)[0])


def test_elbo_is_reconstruction_plus_beta_times_kl():
    np.testing.assert_allclose(loss(ELBO()), [11.1, 23.1], rtol=1e-6)
    np.testing.assert_allclose(loss(ELBO(beta=4.0)), [14.4, 32.4], rtol=1e-6)
    np.testing.assert_allclose(loss(Autoencoder()), [10.0, 20.0], rtol=1e-6)


def test_free_bits_act_on_the_batch_mean_of_a_dimension():
    # Dimension 0 has a mean of 2 > 0.5 and counts as it is; dimension 1 has 0.1 and counts as the floor.
    np.testing.assert_allclose(loss(ELBO(free_bits=0.5)), [11.5, 23.5], rtol=1e-6)


def test_free_bits_of_a_kl_in_one_part_are_those_of_all_latents():
    whole = KL.sum(axis=1, keepdims=True)  # 1.1 and 3.1: 2.1 on average, of two latents
    np.testing.assert_allclose(loss(ELBO(free_bits=1.0), kl=whole), [11.1, 23.1], rtol=1e-6)
    np.testing.assert_allclose(loss(ELBO(free_bits=1.1), kl=whole), [12.2, 22.2], rtol=1e-6)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [("constant", [1, 1, 1, 1, 1]), ("linear", [0, 0.25, 0.5, 1, 1]), ("cyclical", [0, 0.5, 1, 0, 0.5])],
)
def test_schedules(schedule: str, expected: list[float]):
    factors = [
        ops.convert_to_numpy(SCHEDULES[schedule](ops.convert_to_tensor(s), 100))
        for s in (0.0, 25.0, 50.0, 100.0, 125.0)
    ]
    np.testing.assert_allclose(factors, expected, atol=1e-6)
    np.testing.assert_allclose(
        loss(ELBO(beta=2.0, schedule=schedule, schedule_steps=100), 25.0)[0], 10 + 2.2 * expected[1], rtol=1e-5
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beta": 0}, "an autoencoder, not a VAE.*objective Autoencoder"),
        ({"beta": -1}, "beta > 0"),
        ({"beta": float("nan")}, "beta > 0"),
        ({"free_bits": -0.1}, "free_bits"),
        ({"schedule_steps": 0}, "schedule_steps"),
        ({"schedule": "sudden"}, "constant, linear, cyclical"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict, message: str):
    with pytest.raises(UserError, match=message):
        ELBO(**options)


@pytest.mark.parametrize("axis", AXES)
def test_an_unknown_choice_names_the_known_and_the_nearest(axis: str):
    known = list(choices(AXES[axis]))
    with pytest.raises(UserError, match=f"{known[0]}.*Did you mean '{known[0]}'"):
        make(AXES[axis], known[0].lower() + "x")
