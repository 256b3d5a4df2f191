"""What ``latente list`` says is what the code has."""

import inspect
import re
from pathlib import Path

import pytest

import latente
from latente.cli import main
from latente.errors import UserError
from latente.model import AXES, choices
from latente.training.build import build
from latente.training.config import read_file, resolve
from latente.training.papers import papers


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["list", *words]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) < 80
    return out


def joined(text: str) -> str:
    return " ".join(text.split())


LISTED = {
    "network": "*Conv ResNet Dense",
    "posterior": "*DiagonalGaussian FSQ VectorQuantizer FullGaussian",
    "prior": "Uniform Autoregressive *StandardNormal Flow Mixture VampPrior",
    "likelihood": "*Bernoulli ContinuousBernoulli DiscretizedLogistic Gaussian Laplace",
    "objective": "BetaTCVAE CapacityVAE DIPVAE *ELBO Autoencoder FactorVAE GECO IWAE MMD",
}
"""Every axis with its choices as they are printed, a star before the default; later ones may come between."""

POSTERIORS = """\
posterior: the approximate posterior q(z given x).
* DiagonalGaussian  A Gaussian with independent dimensions (Kingma & Welling
                    2014): the encoder gives z_mean and z_log_var.
  FSQ               Finite scalar quantization (Mentzer et al. 2023): no
                    codebook to learn, to be committed to or to die.
  VectorQuantizer   The quantizer of the VQ-VAE (van den Oord et al. 2017), its
                    codebook moved by averages (appendix A.1 there).
  FullGaussian      A Gaussian with full covariance (Kingma & Welling 2019,
                    section 2.5.1): z = mean + factor * noise.

"""

LIKELIHOODS = """\
likelihood: the distribution of an image (batch, H, W, C) given what the
            decoder puts out for it.
* Bernoulli """

NETWORK = """\
network: the two networks of a VAE.

--network Conv (default)
  Strided convolutions and one dense layer, mirrored by transposed
  convolutions: the lesson's network.
  --network.filters 32,64
      Filters of each convolution; each halves height and width.
  --network.kernel-size 3
      Side of every kernel in pixels, at least 2.
  --network.hidden 128
      Units of the dense layer between the convolutions and the latents; 0
      leaves it out.
  --network.activation silu
      Keras name of the activation between layers. A 'relu' leaves half of the
      decoder's first map dead.
  --network.latents vector
      'vector' makes each latent from the whole image; 'map' spreads latent_dim
      over the pixels of the smallest feature map, of which it must be a
      multiple.

--network ResNet
"""

OBJECTIVE = """
--objective ELBO (default)
  The negative evidence lower bound (Kingma & Welling 2014), with the weight of
  beta-VAE (Higgins et al. 2017).
  --beta 1
      Weight of the KL term; 1 is the bound itself, more asks for
      disentanglement and costs detail.
  --objective.schedule constant
      How the weight reaches beta: 'constant', 'linear' (KL warm-up) or
      'cyclical'.
  --objective.schedule-steps 4000
      Optimizer steps of the warm-up or of one cycle (Fashion-MNIST at batch
      128 has 430 an epoch).
  --objective.free-bits 0
      Nats of KL per latent dimension, averaged over the batch, that cost
      nothing (Kingma et al. 2016); where the KL has no parts per dimension,
      the latents share the sum.

--objective Autoencoder
  Reconstruction alone: beta = 0 asked for by name. Not a VAE; its prior
  samples mean nothing.

--objective FactorVAE
"""


def test_every_axis_is_listed_with_its_choices_and_the_default(capsys):
    out = printed(capsys)
    found = {}
    for part in out.split("\n\n")[: len(LISTED)]:
        names = re.findall(r"^([* ]) (\w+)  ", part, re.MULTILINE)
        axis = part.partition(":")[0]
        known = LISTED[axis].replace("*", "").split()
        found[axis] = " ".join(mark.strip() + name for mark, name in names if name in known)
        assert len(names) == len(choices(AXES[axis]))
    assert found == LISTED
    assert f"\n\n{POSTERIORS}" in out
    assert f"\n\n{LIKELIHOODS}" in out
    assert "\n\n* is taken by default. latente list AXIS shows the options of its choices;\n" in out
    assert f"\n\n{printed(capsys, 'papers')}" in out


def test_an_axis_is_listed_with_the_options_of_its_choices(capsys):
    assert printed(capsys, "network").startswith(NETWORK)
    assert OBJECTIVE in printed(capsys, "objective")


@pytest.mark.parametrize("axis", AXES)
def test_no_choice_and_no_option_of_an_axis_is_left_out(capsys, axis: str):
    expected = []
    for name, choice in choices(AXES[axis]).items():
        arguments = [each for each in inspect.signature(choice).parameters if each != "kwargs"]
        flags = [f"--{axis}.{each}".replace("_", "-").replace("--objective.beta", "--beta") for each in arguments]
        expected += [f"--{axis} {name}", *flags]
    found = re.findall(rf"^ *(--{axis} \w+|--[\w.-]+)", printed(capsys, axis), re.MULTILINE)
    assert found == expected


def test_a_mistyped_axis_is_named(capsys):
    assert main(["list", "objectiv"]) == 2
    assert "Did you mean 'objective'?" in capsys.readouterr().err


def test_the_papers_are_listed_with_the_first_line_of_their_file(capsys):
    out = printed(capsys, "papers")
    assert "\n  free-bits             Free bits (Kingma et al. 2016) on the lesson's model.\n" in out
    files = sorted((Path(latente.__file__).parent / "training" / "papers").glob("*.yaml"))
    assert len(files) > 15
    listed = "".join(f" {each.stem} {each.read_text().splitlines()[0].removeprefix('# ')}" for each in files)
    assert joined(out) == f"papers: configs for latente train DATA --config NAME; flags change them.{listed}"


@pytest.mark.parametrize("name", papers())
def test_a_papers_config_makes_a_model_for_the_data_that_it_names(name: str):
    data, shape = ("shapes", (64, 64, 1)) if "shapes" in papers()[name] else ("mnist", (28, 28, 1))
    asked = read_file(name)
    config = resolve({**asked, "data.name": data})
    assert asked
    for key, value in asked.items():
        section, option = key.split(".") if "." in key else (None, key)
        found = config[section][option] if section else config[option]
        assert found == (tuple(value) if isinstance(value, list) else value), (name, key)
    build(config, shape)


def test_a_file_comes_before_a_paper_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vq-vae").write_text("latent_dim: 7")
    assert read_file("vq-vae") == {"latent_dim": 7}
    with pytest.raises(UserError, match="Did you mean 'fsq'"):
        read_file("fqs")
