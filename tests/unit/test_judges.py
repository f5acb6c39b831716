import numpy as np
import pandas as pd
import pytest
import torch

from asymmetry import images, registry, tables
from asymmetry.errors import UserError
from asymmetry.metrics.judges.base import Judge
from asymmetry.metrics.judges.create import create_judge
from asymmetry.metrics.judges.fidelity import PsnrY, SsimY
from asymmetry.metrics.judges.fitting import fit_judge
from asymmetry.metrics.judges.judgement import judge


def picture(seed: int, size: int = 64) -> torch.Tensor:
    return torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(seed))


class Brightness(Judge):
    family = "statistics"
    higher_is_better = False

    def value(self, scene, output, reference):
        return output.mean().item()


class Aimless(Brightness):
    family = "taste"


class Undecided(Judge):
    family = "statistics"

    def value(self, scene, output, reference):
        return 0.0


class Stranger:
    family = "statistics"
    higher_is_better = True


def test_psnr_is_that_of_luma_within_the_border() -> None:
    reference = picture(0) * 0.5
    output = reference + 0.1
    output[..., :4, :] = 0
    difference = 0.1 * (65.481 + 128.553 + 24.966) / 255
    assert PsnrY().value("a", output, reference) == pytest.approx(-20 * np.log10(difference), abs=1e-4)
    assert PsnrY(border=0).value("a", output, reference) < 20


def test_identical_pictures_have_finite_full_reference_values() -> None:
    assert PsnrY().value("a", picture(0), picture(0)) == pytest.approx(100)
    assert SsimY().value("a", picture(0), picture(0)) == pytest.approx(1)


def test_ssim_falls_with_noise() -> None:
    reference = torch.nn.functional.avg_pool2d(picture(0, 72), 9, 1)
    values = [SsimY().value("a", reference + amount * (picture(1) - 0.5), reference) for amount in (0, 0.1, 0.3)]
    assert values == sorted(values, reverse=True)
    assert values[2] < values[0] - 0.1


def test_table_has_the_shape_and_turns_lower_is_better_round(tmp_path) -> None:
    pictures = [("b", picture(1), picture(1)), ("a", picture(0), picture(0))]
    frame = judge(iter(pictures), {"psnr": PsnrY(), "dark": Brightness()})
    tables.write(frame, tmp_path / "judgement.csv", "judgement")
    assert list(frame["judge"]) == ["psnr", "psnr", "dark", "dark"]
    assert list(frame["scene"]) == ["b", "a", "b", "a"]
    assert (frame["quality"] == frame["value"])[:2].all()
    assert (frame["quality"] == -frame["value"])[2:].all()
    pd.testing.assert_frame_equal(tables.read(tmp_path / "judgement.csv", "judgement"), frame)


def test_outputs_are_judged_as_stored() -> None:
    frame = judge([("a", torch.full((1, 3, 32, 32), 1.7), picture(0, 32))], {"dark": Brightness()})
    assert frame["value"].item() == 1
    frame = judge([("a", torch.full((1, 3, 32, 32), 0.5), picture(0, 32))], {"dark": Brightness()})
    assert frame["value"].item() == pytest.approx(128 / 255)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (picture(0, 32), r"\(1, 3, 32, 32\), its reference \(1, 3, 64, 64\)"),
        (picture(0)[0], r"must be \(1, 3, H, W\)"),
        (picture(0) * np.nan, "not finite"),
    ],
)
def test_outputs_that_cannot_be_judged(output: torch.Tensor, reason: str) -> None:
    with pytest.raises(UserError, match=f"output of a has .*{reason}"):
        judge([("a", output, picture(0))], {"psnr": PsnrY()})


def test_a_judge_without_outputs() -> None:
    with pytest.raises(UserError, match="no outputs"):
        judge([], {"psnr": PsnrY()})


def test_too_small_for_the_border() -> None:
    with pytest.raises(UserError, match="too few"):
        PsnrY().value("a", picture(0, 16), picture(0, 16))


def test_every_registered_judge_agrees_with_its_facts(tmp_path) -> None:
    for name, facts in registry.table()["judges"].items():
        if facts.external:
            assert facts.factory == "pyiqa:create_metric"
            continue
        made = registry.create("judges", name)
        assert isinstance(made, Judge)
        assert made.higher_is_better == facts.higher_is_better


def test_judges_and_fits_that_do_not_go_together(tmp_path) -> None:
    with pytest.raises(UserError, match="must be fitted"):
        create_judge("niqe")
    with pytest.raises(UserError, match="is not fitted"):
        create_judge("kid", tmp_path / "kid.safetensors")
    with pytest.raises(UserError, match="Did you mean 'niqe'"):
        create_judge("niqee")
    with pytest.raises(UserError, match="needs no fit"):
        fit_judge("kid", tmp_path / "manifest.csv", None, tmp_path / "out.safetensors", 0)


def test_the_users_own_judge() -> None:
    found = create_judge(f"{__name__}:Brightness", device=torch.device("meta"))
    assert found.value("a", picture(0), picture(0)) == pytest.approx(0.5, abs=0.02)
    assert found.device.type == "meta"
    assert Judge.device.type == "cpu"
    for name, reason in {
        "Aimless": "taste",
        "Undecided": "does not tell its direction",
        "Stranger": r"is not a judge.*derive it from asymmetry\.metrics\.judges\.base\.Judge",
    }.items():
        with pytest.raises(UserError, match=reason):
            create_judge(f"{__name__}:{name}")


def test_one_scene_leaves_nothing_to_fit_on(tmp_path) -> None:
    images.write(np.zeros((64, 64, 3), np.uint8), tmp_path / "a.png")
    row = {"image": "a.png", "scene": "a", "label": "", "credit": "", "height": 64, "width": 64}
    tables.write(pd.DataFrame([row]), tmp_path / "manifest.csv", "corpus")
    with pytest.raises(UserError, match="one scene"):
        fit_judge("niqe", tmp_path / "manifest.csv", None, tmp_path / "out.safetensors", 0)
