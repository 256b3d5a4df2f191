"""What ``latente list`` says is what the code has."""

import re

import pytest

from latente.cli import main
from latente.errors import UserError
from latente.model import AXES, choices
from latente.options import options_of, summary_of
from latente.training.build import build
from latente.training.config import DEFAULT_CHOICE, flag, read_file, resolve
from latente.training.papers import papers


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["list", *words]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) < 80
    return out


def plain(text: str) -> str:
    return text.replace("``", "")


def joined(text: str) -> str:
    return " ".join(text.split())


def test_every_choice_of_every_axis_is_listed_with_its_summary(capsys):
    out = printed(capsys)
    for axis, base in AXES.items():
        assert re.search(rf"^{axis}: \w", out, re.MULTILINE)
        for name, choice in choices(base).items():
            assert f"{name} {plain(summary_of(choice))}" in joined(out)
    defaults = re.findall(r"^\* ([A-Z]\w+)", out, re.MULTILINE)
    assert defaults == list(DEFAULT_CHOICE.values())


@pytest.mark.parametrize("axis", AXES)
def test_an_axis_is_listed_with_every_option(capsys, axis: str):
    out = printed(capsys, axis)
    parts = re.split(rf"^--{axis} ", out, flags=re.MULTILINE)[1:]
    assert [part.split()[0] for part in parts] == list(choices(AXES[axis]))
    for part, choice in zip(parts, choices(AXES[axis]).values(), strict=True):
        assert plain(summary_of(choice)) in joined(part)
        for option in options_of(choice).values():
            assert re.search(rf"^  {re.escape(flag(f'{axis}.{option.name}'))} \S", part, re.MULTILINE)
            assert plain(option.help) in joined(part)


def test_a_mistyped_axis_is_named(capsys):
    assert main(["list", "objectiv"]) == 2
    assert "Did you mean 'objective'?" in capsys.readouterr().err


def test_the_papers_are_listed_and_each_config_makes_a_model_for_the_data_that_it_names(capsys):
    out = joined(printed(capsys, "papers"))
    assert papers()
    for name, what in papers().items():
        assert f"{name} {what}" in out
        data, shape = ("shapes", (64, 64, 1)) if "shapes" in what else ("mnist", (28, 28, 1))
        asked = read_file(name)
        config = resolve({**asked, "data.name": data})
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
