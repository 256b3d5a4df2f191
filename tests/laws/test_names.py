"""Names of weights: the same for every model of one config, whatever was built before it in the process."""

import keras
import numpy as np
import pytest

from latente import VAE
from latente.model import AXES, choices
from latente.model.networks import Conv, Dense, ResNet
from latente.model.objectives import FactorVAE
from latente.model.posteriors import VectorQuantizer
from latente.model.priors import Autoregressive, Flow, Mixture

pytestmark = pytest.mark.backend

SHAPE, LATENT_DIM = (9, 7, 1), 16
SMALL = {
    "Conv": lambda: Conv(filters=(3, 4), hidden=6),
    "ResNet": lambda: ResNet(filters=(4, 4), groups=2, blocks=2, attention=8),
    "FactorVAE": lambda: FactorVAE(hidden=(4, 4)),
    "VectorQuantizer": lambda: VectorQuantizer(codes=4, stages=2),
    "Autoregressive": lambda: Autoregressive(width=8, depth=2, heads=2),
    "Flow": lambda: Flow(couplings=2, hidden=4),
}
EVERY = [(axis, name) for axis, base in AXES.items() for name in choices(base)]


def vae_with(axis: str, name: str) -> VAE:
    options = {"network": Dense(hidden=(6, 5)), axis: SMALL.get(name, lambda: name)()}
    discrete = not choices(AXES["posterior"])[name].density if axis == "posterior" else False
    if discrete:
        options["prior"] = "Uniform"
    if axis == "prior" and not choices(AXES["prior"])[name].density:
        options["posterior"] = SMALL["VectorQuantizer"]()
    return VAE(SHAPE, LATENT_DIM, **options)


@pytest.mark.parametrize(("axis", "name"), EVERY, ids=str)
def test_names_do_not_depend_on_what_was_built_before(axis: str, name: str):
    first = vae_with(axis, name)
    keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(2), keras.layers.LayerNormalization()])
    second = vae_with(axis, name)
    paths = [variable.path for variable in first.variables]
    assert [variable.path for variable in second.variables] == paths
    assert len(set(paths)) == len(paths)


def test_the_names_are_these():
    vae = VAE((8, 8, 1), 2, network=Conv(filters=(3,), hidden=4), objective=FactorVAE(hidden=(4,)))
    paths = {variable.path for variable in vae.variables}
    for path in (
        "vae/encoder/conv2d/kernel",
        "vae/encoder/dense/bias",
        "vae/encoder/parameters/kernel",
        "vae/decoder/dense_1/kernel",
        "vae/decoder/conv2d_transpose/kernel",
        "vae/discriminator/dense_1/bias",
    ):
        assert path in paths


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="PyTorch's own way of saving")
@pytest.mark.parametrize("options", [("network", "ResNet"), ("posterior", "VectorQuantizer"), ("prior", "Flow")])
def test_a_state_dict_holds_every_weight_and_loads_in_another_model(options: tuple[str, str], tmp_path):
    import torch

    first, second = vae_with(*options), vae_with(*options)
    for model in (first, second):
        model.compile("adam")
    images = np.random.default_rng(0).integers(0, 256, (8, *SHAPE), dtype=np.uint8)
    first.fit(images, verbose=0)
    torch.save(first.state_dict(), tmp_path / "vae.pt")
    second.load_state_dict(torch.load(tmp_path / "vae.pt", weights_only=True))
    for a, b in zip(first.variables, second.variables, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(a), keras.ops.convert_to_numpy(b), err_msg=a.path)
    np.testing.assert_array_equal(second.sample(2), first.sample(2))


def test_a_choice_with_weights_that_is_used_again_gives_the_next_model_its_own():
    prior = Mixture(components=3)
    first = VAE((4, 4, 1), 2, network="Dense", prior=prior)
    before = first.sample_codes(4)
    second = VAE((4, 4, 1), 2, network="Dense", prior=prior)
    assert (second.prior.count, second.prior is prior) == (3, False)
    np.testing.assert_array_equal(first.sample_codes(4), before)
    assert (second.sample_codes(4) != before).any()


def test_a_summary_shows_the_shapes(capsys: pytest.CaptureFixture[str]):
    VAE((8, 8, 3), 2, network="Dense", prior="Mixture").summary(line_length=80)
    shown = capsys.readouterr().out
    assert "?" not in shown
    for part in ("encoder (Sequential)", "(None, 4)", "decoder (Sequential)", "(None, 8, 8, 3)", "prior (Mixture)"):
        assert part in shown


def test_building_again_keeps_the_weights():
    """Users of Keras call build by habit."""
    vae = VAE((4, 4, 1), 2, network="Dense")
    before = vae.sample(2)
    vae.build((None, 4, 4, 1))
    np.testing.assert_array_equal(vae.sample(2), before)
