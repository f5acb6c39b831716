from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import piq
import pytest
import torch

from asymmetry import artifacts
from asymmetry.errors import UserError
from asymmetry.metrics.judges import piq_judges
from asymmetry.metrics.judges.create import create_judge
from asymmetry.metrics.judges.piq_judges import ClipIqa, MetricJudge
from asymmetry.networks import published


def picture(seed: int = 0, size: int = 64) -> torch.Tensor:
    return torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty caches."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_the_record_holds_what_piq_opens() -> None:
    assert piq.clip_iqa.TOKENS_URL in published.entry("clip-iqa-tokens").urls
    clip = piq.feature_extractors.clip
    assert {clip.OPENIQA_CLIP_MODEL_PATH, clip.PIQ_CLIP_MODEL_PATH} == set(published.entry("clip-rn50").urls)


def test_brisque_reads_the_published_regression(home: Path) -> None:
    path = home / "torch" / "hub" / "checkpoints" / published.entry("brisque").file
    path.parent.mkdir(parents=True)
    vectors = torch.randn(5, 36, generator=torch.Generator().manual_seed(0))
    torch.save((torch.zeros(5, 1), vectors), path)
    judge = create_judge("brisque")
    assert judge.value("a", picture(), picture()) == pytest.approx(153.591), "its constant term"
    flat = torch.full((1, 3, 64, 64), 0.5)
    assert judge.value("a", flat, flat) == 100
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=f"{path} cannot be loaded"):
        create_judge("brisque").value("a", flat, flat)


def test_clip_iqa_checks_its_weights_before_piq_loads_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / ".cache" / "clip"
    folder.mkdir(parents=True)
    for name in ("RN50.pt", "clipiqa_tokens.pt"):
        (folder / name).write_bytes(b"no weights")
    with pytest.raises(UserError, match=rf"{folder}/RN50\.pt is not the file on record"):
        ClipIqa().network  # noqa: B018
    record = dict(published.table())
    record["clip-rn50"] = replace(record["clip-rn50"], sha256=artifacts.sha256(folder / "RN50.pt"))
    monkeypatch.setattr(published, "table", lambda: record)
    with pytest.raises(UserError, match=r"RN50\.pt or .*tokens.pt cannot be loaded"):
        ClipIqa().network  # noqa: B018

    class Network(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return image.mean().reshape(1, 1)

    monkeypatch.setattr(piq, "CLIPIQA", Network)
    assert create_judge("clip-iqa").value("a", picture(), picture()) == pytest.approx(0.5, abs=0.02)


def test_a_metric_judges_fidelity() -> None:
    judge = MetricJudge("haarpsi")
    assert judge.higher_is_better
    assert judge.value("a", picture(0), picture(0)) == pytest.approx(1)
    assert judge.value("b", picture(1), picture(0)) < 0.9
    assert not MetricJudge("mae").higher_is_better


@pytest.mark.parametrize(
    ("name", "metric", "options"),
    [
        ("lpips-alex", "lpips", {"net": "alex"}),
        ("lpips-vgg", "lpips", {"net": "vgg"}),
        ("dists", "dists-official", {"resize": "256"}),
    ],
)
def test_published_metrics_as_judges(name: str, metric: str, options: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = create_judge(name)
    assert judge.family == "full-reference"
    asked = []

    class Metric(torch.nn.Module):
        def forward(self, *, prediction: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
            return (prediction - reference).abs().mean((1, 2, 3))

    def create(*names: str, **given: object) -> Callable[..., torch.Tensor]:
        asked.append((names, given))
        return Metric()

    monkeypatch.setattr(piq_judges, "create_metric", create)
    assert judge.value("a", picture(), picture()) == 0
    assert judge.value("b", picture() / 2, picture()) > 0
    assert asked == [((metric,), options)], "made once, for all pictures"
