"""Options: defaults, short and dotted names, files, and what is refused."""

import json

import pytest

from latente import training
from latente.cli import main
from latente.errors import UserError
from latente.model.networks import Conv
from latente.training.config import completed, flag, resolve


def digits(**options):
    return resolve({"data": "digits", **options})


def test_the_defaults_are_the_lessons_homework():
    config = completed(resolve({"data": "fashion-mnist"}), images=55_000)
    assert config["latent_dim"] == 10
    assert (config["training"]["epochs"], config["training"]["batch_size"]) == (30, 128)
    assert config["network"]["name"] == "Conv"
    assert config["likelihood"] == {"name": "Bernoulli"}
    assert (config["objective"]["name"], config["objective"]["beta"]) == ("ELBO", 1.0)


def test_short_dotted_nested_and_hyphenated_names_mean_the_same():
    for options in (
        {"beta": 4, "objective.free_bits": 0.1},
        {"objective": {"beta": 4.0, "free_bits": 0.1}},
        {"objective": {"name": "ELBO", "beta": "4"}, "objective.free-bits": "0.1"},
    ):
        objective = digits(**options)["objective"]
        assert (objective["beta"], objective["free_bits"]) == (4.0, 0.1)


def test_a_config_resolves_to_itself():
    config = digits(likelihood="Gaussian", **{"network.filters": "8,16", "likelihood.scale": "pixel"})
    assert config["network"]["filters"] == (8, 16)
    assert resolve(json.loads(json.dumps(config))) == config


@pytest.mark.parametrize("text", ["data: digits\nbeta: 3\n", '{"data": {"name": "digits"}, "objective": {"beta": 3}}'])
def test_files_in_yaml_and_json(tmp_path, text: str):
    file = tmp_path / "config"
    file.write_text(text)
    asked = training.read_file(file)
    assert resolve(asked)["objective"]["beta"] == 3
    assert resolve(asked | {"objective.beta": "5"})["objective"]["beta"] == 5  # flags come before the file


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latnet-dim": 3}, "--latnet-dim is not an option. Did you mean '--latent-dim'"),
        ({"epoch": 3}, "Did you mean '--epochs'"),
        ({"objective.freebits": 3}, "Did you mean '--objective.free-bits'"),
        ({"likelihood.std": 1}, "--likelihood.std belongs to Gaussian and Laplace, but --likelihood is Bernoulli"),
        ({"objective": "Elbo"}, ". Received 'Elbo'. Did you mean 'ELBO'"),
        ({"epochs": "many"}, "--epochs must be a whole number. Received 'many'"),
        ({"lr": "fast"}, "--lr must be a number"),
        ({"precision": "float16"}, "--precision must be one of auto, float32, tf32, bfloat16"),
        ({"network.filters": "a,b"}, "--network.filters must be whole numbers separated by commas"),
        ({"latent_dim": True}, "--latent-dim must be a whole number. Received no value"),
        ({"objective": [1]}, "objective must be a name. Received [1]"),
        ({"network.activation": "rleu"}, "activation must be one of Keras's"),
        ({"network.hidden": -5}, "hidden of at least 0"),
        ({"seed": 2**32}, "seed must be below 2**32"),
        ({"beta": "inf"}, "finite beta"),
        ({"likelihood": {"name": "Gaussian", "std": 0.0001}}, "at least 1/510"),
        ({"data.sise": 3}, "--data.sise is not an option"),
        ({"training": 5}, "training must be a mapping of options, such as {lr: 0.001}. Received 5"),
        ({"training": None}, "training must be a mapping of options"),
        ({"training": {"name": "fast"}}, "--training.name is not an option"),
        ({"data": None}, "data must be a name. Received None"),
        ({"objective": []}, "objective must be a name. Received []"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"lr": "nan"}, "lr must be a positive number"),
        ({"beta": 1, "objective.beta": 4}, "Received beta=1 and objective.beta=4, which are the same"),
        ({"objective": {"beta": 1}, "beta": 4}, "Received objective.beta=1 and beta=4"),
        ({"batch_size": 1, "batch-size": 4}, "Received batch_size=1 and batch-size=4"),
        ({"objective": "ELBO", "objective.name": "GECO"}, "Received objective=ELBO and objective.name=GECO"),
    ],
)
def test_mistakes_name_the_nearest_option(options: dict, message: str):
    with pytest.raises(UserError) as caught:
        digits(**options)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latent_dim": 0}, "latent_dim must be at least 1. Received 0."),
        ({"posterior": "VectorQuantizer", "prior": "Uniform", "latent_dim": 20}, "multiple of its groups of 16"),
        ({"posterior": "FSQ", "prior": "Uniform", "latent_dim": 3}, "multiple of its groups of 4. Received 3: take 4."),
        ({"prior": "Flow", "latent_dim": 1}, "Flow needs latent_dim of at least 2. Received 1. Choose prior Mixture"),
        ({"posterior": "FullGaussian", "network.latents": "map"}, "with 65 for 10 latents. Choose latents='vector'"),
        ({"posterior": "FSQ"}, "FSQ has discrete codes. Received prior StandardNormal"),
        ({"prior": "Uniform"}, "DiagonalGaussian has a density over all codes. Received prior Uniform"),
        ({"posterior": "FullGaussian", "objective": "BetaTCVAE"}, "BetaTCVAE needs a posterior with independent"),
        ({"prior": "Mixture", "objective": "Autoencoder"}, "Mixture learns from the KL. Received objective Autoenc"),
        ({"conditional": True, "prior": "VampPrior"}, "VampPrior encodes images of its own, which have no label"),
        ({"conditional": True, "network.latents": "map"}, "gives the decoder the label beside the code"),
    ],
    ids=str,
)
def test_what_does_not_go_together_is_refused_before_the_data_are_there(options: dict, message: str):
    with pytest.raises(UserError) as caught:
        digits(**options)
    assert message in str(caught.value)


def test_a_config_is_checked_without_networks_for_images_of_no_size(monkeypatch):
    """Bug: a network for images of one size alone was built for one pixel, and refused."""
    monkeypatch.setattr(Conv, "encoder", lambda *_: pytest.fail("the shape of the images is not known yet"))
    assert digits()["network"]["name"] == "Conv"


@pytest.mark.parametrize("content", ["- a list\n", "a: [broken\n"])
def test_a_file_without_options_is_refused(tmp_path, content: str):
    file = tmp_path / "config.yaml"
    file.write_text(content)
    with pytest.raises(UserError, match="config file"):
        training.read_file(file)
    with pytest.raises(UserError, match="cannot be read"):
        training.read_file(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("beta: 1\ndata: digits\nbeta: 4\n", "Received beta=(line 1) and beta=(line 3)"),
        ('{"objective": {"beta": 1, "beta": 4}}', "Received beta=(line 1) and beta=(line 1)"),
        ("beta: 1\nobjective:\n  beta: 4\n", "Received beta=1 and objective.beta=4"),
    ],
)
def test_an_option_that_stands_twice_in_a_file_is_refused(tmp_path, content: str, message: str):
    """Bug: the last one won."""
    file = tmp_path / "config.yaml"
    file.write_text(content)
    with pytest.raises(UserError) as caught:
        training.read_file(file)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "digits", "--beta", "1", "--objective.beta", "4"],
        ["train", "digits", "--beta", "1", "--beta", "4"],
        ["train", "digits", "--run-dir", "a", "--run-dir", "b"],
        ["train", "digits", "--data", "mnist"],
        ["sample", "run", "-n", "64", "-n", "3"],
    ],
    ids=" ".join,
)
def test_a_flag_that_is_given_twice_is_refused(arguments: list[str], capsys):
    assert main(arguments) == 2
    assert "Each option may be given once" in capsys.readouterr().err


def test_every_option_is_documented():
    from reference import option_groups

    for group in option_groups():
        assert group.summary, group.title
        for name, option in group.options.items():
            assert option.help, name
            assert option.expected(), name


def test_a_flag_has_hyphens_and_the_short_name_where_there_is_one():
    assert flag("objective.beta") == "--beta"
    assert flag("objective.free_bits") == "--objective.free-bits"
