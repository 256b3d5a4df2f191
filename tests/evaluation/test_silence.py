"""Units of a decoder that never fire: counted, found where they show, and passed over where nothing is to be shown."""

import keras
import numpy as np
import pytest

import latente
from latente.evaluation import diagnose_run
from latente.evaluation.diagnosis.silence import Layer, Silence, watch

SIDE, LATENTS, STD = 6, 3, 0.05
RNG = np.random.default_rng(0)
W = RNG.normal(size=(LATENTS, SIDE, SIDE)).astype("float32") * 0.15
W[:, 0] = 0  # the first row of pixels is always the same, as the margin of digits is


def decoder(silent: np.ndarray, spare: int = 0) -> keras.Model:
    """0.5 + z W in two ReLU units at each position, as positive and negative part; silent positions have neither."""
    signs = np.array([1.0, -1.0] + [0.0] * spare)
    kernel = (W * ~silent)[..., None] * signs
    model = keras.Sequential(
        [
            keras.layers.Input((LATENTS,)),
            keras.layers.Dense(kernel[0].size, activation="relu"),
            keras.layers.Reshape((SIDE, SIDE, 2 + spare)),
            keras.layers.Conv2D(1, 1, data_format="channels_last"),
        ]
    )
    dense, _, convolution = model.layers
    dense.set_weights([kernel.reshape(LATENTS, -1), np.zeros(kernel[0].size)])
    convolution.set_weights([signs.reshape(1, 1, -1, 1), np.full(1, 0.5)])
    return model


def at(*positions: tuple[int, int]) -> np.ndarray:
    found = np.zeros((SIDE, SIDE), bool)
    for position in positions:
        found[position] = True
    return found


def images(n: int = 600) -> np.ndarray:
    z = RNG.normal(size=(n, LATENTS))
    x = 0.5 + np.tensordot(z, W, 1)
    x[:, 1:] += STD * RNG.normal(size=(n, SIDE - 1, SIDE))
    return np.clip(x, 0, 1)[..., None].astype("float32")


REAL = images()


def encode(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The exact posterior of the linear decoder, but for the correlations between latents."""
    flat = W.reshape(LATENTS, -1)
    precision = np.eye(LATENTS) + flat @ flat.T / STD**2
    mean = (x.reshape(len(x), -1) - 0.5) @ flat.T / STD**2 @ np.linalg.inv(precision)
    return mean, np.broadcast_to(-np.log(np.diag(precision)), mean.shape)


def nats(x: np.ndarray, means: np.ndarray) -> np.ndarray:
    return 0.5 * np.square((x - means) / STD).sum(axis=(1, 2, 3))


def findings(decode) -> dict:
    return {each.name: each for each in latente.diagnose(encode, decode, REAL, likelihood=nats).findings}


@pytest.mark.backend
def test_silent_units_and_positions_are_counted():
    codes = [RNG.normal(size=(50, LATENTS)).astype("float32") for _ in range(3)]
    found = watch(decoder(at((2, 3), (4, 4)), spare=2), codes)
    # Row 0 has no signal at all: 6 positions, and 2 more. Of 4 units at the others, 2 are spare.
    assert found.share == pytest.approx((8 * 4 + 28 * 2) / (36 * 4))
    dull = np.ones((SIDE, SIDE))
    dull[0] = 0
    assert found.places(dull).sum() == 2
    assert found.places(dull)[2, 3]
    assert found.places(dull)[4, 4]
    # Twice the pixels a side: each position lies under a square of four.
    assert found.places(np.kron(dull, np.ones((2, 2)))).sum() == 2


def test_a_unit_that_fires_in_one_batch_alone_is_not_silent():
    up, down = np.full((4, LATENTS), 1.0, "float32"), np.full((4, LATENTS), -1.0, "float32")
    assert watch(decoder(at()), [up]).share == 1.0  # of one code nothing can be said but that nothing moves
    assert watch(decoder(at()), [up, down]).places(np.ones((SIDE, SIDE))).sum() == SIDE  # the row without a signal


def of_two_inputs() -> keras.Model:
    z, label = keras.Input((LATENTS,)), keras.Input((2,))
    hidden = keras.layers.Dense(3)(keras.layers.Concatenate()([z, label]))
    return keras.Model([z, label], keras.layers.Dense(3)(hidden))


# A unit next to one that always gives 1, whose outputs span this much.
@pytest.mark.parametrize(("span", "silent"), [(0.9e-6, [True, True]), (1.1e-6, [False, True])])
def test_a_unit_is_silent_below_a_millionth_of_the_largest_output(span: float, silent: list[bool]):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    model.layers[0].set_weights([np.array([[span, 0]]), np.array([0, 1])])
    found = watch(model, [np.array([[0.0]], "float32"), np.array([[1.0]], "float32")])
    assert found is not None
    assert found.layers[0].silent.tolist() == silent


def test_a_decoder_of_two_layers_is_looked_into():
    """Keras gives a single output without a list around it: such a decoder stopped the diagnosis."""
    model = keras.Sequential(
        [keras.Input((LATENTS,)), keras.layers.Dense(SIDE**2), keras.layers.Reshape((SIDE, SIDE, 1))]
    )
    model.layers[0].set_weights([W.reshape(LATENTS, -1), np.full(SIDE**2, 0.5)])
    diagnosis = latente.diagnose(encode, model, REAL, likelihood=nats)
    assert diagnosis.figures["silent_decoder_units"] == pytest.approx(1 / SIDE)  # the row without a signal


def test_the_map_with_most_silent_positions_is_told():
    few, many = (np.repeat(at(*which)[..., None], 4, axis=2) for which in ([(1, 1)], [(1, 1), (2, 2), (3, 3)]))
    for maps in ([few, many], [many, few]):
        layers = [Layer(str(i), each) for i, each in enumerate(maps)]
        assert Silence(tuple(layers)).places(np.ones((SIDE, SIDE))).sum() == 3
        assert Silence(tuple(layers)).share == pytest.approx(3 / 36)


# Nine pixels under one position, of which one moves: a ninth of what the others' do, and the mean of all is 0.3.
@pytest.mark.parametrize(("variance", "found"), [(0.24, 0), (0.28, 1)])
def test_the_mean_of_the_pixels_under_a_position_counts(variance: float, found: int):
    plane = np.full((6, 9), 0.3)
    plane[3:, :3] = 0
    plane[4, 1] = variance
    plane[0, 0] += 0.3 * 9 - variance  # so that the mean stays
    silent = np.zeros((2, 3, 5), bool)
    silent[1, 0] = True
    assert Silence((Layer("map", silent),)).places(plane).sum() == found


@pytest.mark.parametrize(
    "decode",
    [lambda z: z, keras.layers.Dense(3), None, of_two_inputs()],
    ids=["function", "layer", "nothing", "two inputs"],
)
def test_what_cannot_be_looked_into_is_left_alone(decode):
    assert watch(decode, []) is None


class Owner:
    """Somebody's own VAE, which is no Keras model."""

    def __init__(self, decoder: keras.Model) -> None:
        self.decoder = decoder

    def decode(self, z: np.ndarray) -> np.ndarray:
        return self.decoder(z)


@pytest.mark.parametrize("way", ["model", "method", "owner"])
def test_a_dead_position_under_moving_pixels_is_a_sickness(way: str):
    model = decoder(at((2, 3)))
    ways = {"model": model, "method": model.__call__, "owner": Owner(model).decode}
    finding = findings(ways[way])["silent-decoder-units"]
    assert finding.severity == "sick"
    assert finding.figures["silent_positions"] == 1
    assert finding.figures["positions"] == SIDE**2


def test_a_margin_that_never_moves_needs_no_units():
    assert "silent-decoder-units" not in findings(decoder(at()))


def test_a_layer_that_is_half_unused_is_remarked_on():
    finding = findings(decoder(at(), spare=2))["silent-decoder-units"]
    assert finding.severity == "remark"
    assert finding.figures["silent_units"] == pytest.approx((6 * 4 + 30 * 2) / (36 * 4))


@pytest.mark.parametrize("conditional", [False, True])
def test_a_run_is_looked_into(tmp_path, conditional: bool):
    options = {"network": "Conv", "network.filters": (4,), "network.hidden": 8, "training.pictures_every": 0}
    options |= {"epochs": 1, "conditional": conditional, "objective": "Autoencoder"}  # whose latents never die
    run = latente.train("digits", tmp_path / "run", progress=False, latent_dim=2, **options)
    share = diagnose_run(run).figures["silent_decoder_units"]
    assert 0 <= share < 1


def test_the_lessons_network_keeps_its_units(tmp_path):
    """With ReLU two fifths of a layer were silent here, and on Fashion-MNIST half of the decoder's first map."""
    short = {"epochs": 3, "batch_size": 32, "training.pictures_every": 0}
    run = latente.train("digits", tmp_path / "run", progress=False, **short)
    assert diagnose_run(run).figures["silent_decoder_units"] < 0.02
