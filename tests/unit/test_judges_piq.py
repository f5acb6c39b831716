import functools
import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import piq
import pytest
import torch

from asymmetry import registry
from asymmetry.errors import UserError
from asymmetry.metrics.judges import piq_judges
from asymmetry.metrics.judges.create import create_judge
from asymmetry.metrics.judges.piq_judges import Brisque, ClipIqa, MetricJudge, fetched

CONTENT = b"weights" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def picture(seed: int = 0, size: int = 64) -> torch.Tensor:
    return torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(seed))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if "absent" in self.path:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[:1000] if "broken" in self.path else CONTENT)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=functools.partial(running.serve_forever, poll_interval=0.01))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An address where nobody answers, and empty caches."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as closed:
        address = f"http://127.0.0.1:{closed.server_port}"
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(piq_judges, "BRISQUE_URL", f"{address}/brisque.pt")
    monkeypatch.setattr(piq_judges, "CLIP_URLS", (f"{address}/first/RN50.pt", f"{address}/second/RN50.pt"))
    monkeypatch.setattr(piq_judges, "TOKENS_URL", f"{address}/tokens.pt")
    return address


def test_a_file_is_downloaded_once_and_checked(server: str, tmp_path: Path) -> None:
    path = fetched("judge", tmp_path / "new", SHA256, f"{server}/file.pt")
    assert path.read_bytes() == CONTENT
    assert fetched("judge", tmp_path / "new", SHA256, f"{server}/absent/file.pt") == path, "it is not asked for again"


def test_mirrors_are_taken_in_turn(server: str, tmp_path: Path) -> None:
    path = fetched(
        "judge", tmp_path, SHA256, f"{server}/absent/file.pt", f"{server}/broken/file.pt", f"{server}/file.pt"
    )
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("place", "sha256"), [("file.pt", "0" * 64), ("broken/file.pt", None), ("absent/file.pt", None)]
)
def test_what_is_not_whole_is_not_kept(server: str, tmp_path: Path, place: str, sha256: str | None) -> None:
    with pytest.raises(
        UserError, match=f"judge needs the file {tmp_path}/file.pt, which is not there.*{server}/{place}"
    ):
        fetched("judge", tmp_path, sha256, f"{server}/{place}")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_replaced_or_named(server: str, offline: str, tmp_path: Path) -> None:
    damaged = tmp_path / "file.pt"
    damaged.write_bytes(CONTENT[:-1])
    with pytest.raises(UserError, match=f"file.pt, which is not whole.*{SHA256}"):
        fetched("judge", tmp_path, SHA256, f"{offline}/file.pt")
    assert fetched("judge", tmp_path, SHA256, f"{server}/file.pt").read_bytes() == CONTENT


def support_vectors(folder: Path, coefficient: float) -> Path:
    path = folder / "torch" / "hub" / "checkpoints" / "brisque_svm_weights.pt"
    path.parent.mkdir(parents=True)
    vectors = torch.randn(5, 36, generator=torch.Generator().manual_seed(0))
    torch.save((torch.full((5, 1), coefficient), vectors), path)
    return path


def test_brisque_reads_the_published_regression(offline: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piq_judges, "BRISQUE_URL", f"{offline}/brisque_svm_weights.pt")
    path = support_vectors(tmp_path, 0.0)
    judge = create_judge("brisque")
    assert judge.score({"a": picture()}, {"a": picture()})["a"] == pytest.approx(153.591), "its constant term"
    flat = {"a": torch.full((1, 3, 64, 64), 0.5)}
    assert judge.score(flat, flat)["a"] == 100
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=f"{path} cannot be loaded"):
        create_judge("brisque").score(flat, flat)


def test_the_file_that_is_wanted_is_named_when_offline(offline: str, tmp_path: Path) -> None:
    pair = {"a": picture()}
    with pytest.raises(
        UserError, match=f"BRISQUE needs the file {tmp_path}/torch/hub/checkpoints/brisque.pt.*{offline}"
    ):
        Brisque().score(pair, pair)
    with pytest.raises(UserError, match=f"CLIP-IQA needs the file {tmp_path}/.cache/clip/RN50.pt.*{offline}/first"):
        ClipIqa().score(pair, pair)


def test_clip_iqa_checks_its_weights_before_piq_loads_them(
    offline: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ".cache" / "clip"
    folder.mkdir(parents=True)
    (folder / "RN50.pt").write_bytes(CONTENT)
    with pytest.raises(UserError, match="is not whole"):
        ClipIqa().network  # noqa: B018
    monkeypatch.setattr(piq_judges, "CLIP_SHA256", SHA256)
    with pytest.raises(UserError, match=r"tokens\.pt, which is not there"):
        ClipIqa().network  # noqa: B018
    (folder / "tokens.pt").write_bytes(b"")
    with pytest.raises(UserError, match=r"RN50\.pt or .*tokens.pt cannot be loaded"):
        ClipIqa().network  # noqa: B018
    monkeypatch.setattr(piq, "CLIPIQA", lambda: lambda image: image.mean().reshape(1, 1))
    assert create_judge("clip-iqa").score({"a": picture()}, {"a": picture()})["a"] == pytest.approx(0.5, abs=0.02)


def test_a_metric_judges_fidelity() -> None:
    judge = MetricJudge("haarpsi")
    assert judge.higher_is_better
    values = judge.score({"a": picture(0), "b": picture(1)}, {"a": picture(0), "b": picture(0)})
    assert values["a"] == pytest.approx(1)
    assert values["b"] < 0.9
    assert not MetricJudge("mae").higher_is_better


@pytest.mark.parametrize(
    ("name", "metric", "options"),
    [("lpips-alex", "lpips", {"net": "alex"}), ("lpips-vgg", "lpips", {"net": "vgg"}), ("dists", "dists-official", {})],
)
def test_published_metrics_as_judges(name: str, metric: str, options: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = create_judge(name)
    assert judge.family == "full-reference"
    asked = []

    def create(*names: str, **given: object) -> Callable[..., torch.Tensor]:
        asked.append((names, given))
        return lambda prediction, reference: (prediction - reference).abs().mean((1, 2, 3))

    monkeypatch.setattr(registry, "create", create)
    values = judge.score({"a": picture(), "b": picture() / 2}, {"a": picture(), "b": picture()})
    assert values["a"] == 0 < values["b"]
    assert asked == [(("metrics", metric), options)], "made once, for all pictures"
