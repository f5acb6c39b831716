import os
import pickle
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pooch
import pytest
import timm
import torch
from safetensors.torch import save_file
from torchvision import models

from asymmetry import artifacts, registry
from asymmetry.errors import UserError
from asymmetry.metrics.create import create_metric
from asymmetry.metrics.dists import Dists
from asymmetry.networks import full, published
from asymmetry.networks.backbones import create_backbone, initialise, load_backbone, set_weights

TORCHVISION = {
    "vgg-16": (models.vgg16, models.VGG16_Weights.IMAGENET1K_V1),
    "resnet-50": (models.resnet50, models.ResNet50_Weights.IMAGENET1K_V1),
    "convnext-tiny": (models.convnext_tiny, models.ConvNeXt_Tiny_Weights.IMAGENET1K_V1),
    "swin-tiny": (models.swin_t, models.Swin_T_Weights.IMAGENET1K_V1),
    "squeezenet-1-1": (models.squeezenet1_1, models.SqueezeNet1_1_Weights.IMAGENET1K_V1),
    "alexnet": (models.alexnet, models.AlexNet_Weights.IMAGENET1K_V1),
}
OPEN_CLIP = [
    ("patch_embed.proj", "visual.conv1"),
    ("norm_pre", "visual.ln_pre"),
    ("blocks.", "visual.transformer.resblocks."),
    (".norm1", ".ln_1"),
    (".norm2", ".ln_2"),
    (".qkv.", ".in_proj_"),
    (".attn.proj", ".attn.out_proj"),
    ("mlp.fc1", "mlp.c_fc"),
    ("mlp.fc2", "mlp.c_proj"),
]


def random(tensor, single):
    """One random number in the shape of `tensor`; of large networks in half precision, to be quick."""
    if not tensor.is_floating_point():
        return torch.zeros(tensor.shape, dtype=tensor.dtype)
    return torch.full(tensor.shape, torch.rand(()).item() - 0.5, dtype=torch.float if single else torch.half)


def genuine(name):
    """Random weights under the names and shapes of the genuine file; a classifier is there, but takes no room."""
    with torch.device("meta"):
        network = TORCHVISION[name][0](weights=None) if name in TORCHVISION else timm.create_model(full.TIMM[name])
    state = network.state_dict()
    if name == "clip-vit-b16":
        state = open_clip(state)
    left_out = published.entry(name).left_out
    small = name in TORCHVISION
    return {
        key: torch.zeros(()).expand(tensor.shape) if small and key.startswith(left_out) else random(tensor, small)
        for key, tensor in state.items()
    }


def open_clip(state):
    """timm's names of CLIP's image tower as open_clip has them, and some of the text tower's."""
    renamed = {
        "visual.class_embedding": state.pop("cls_token").flatten(),
        "visual.positional_embedding": state.pop("pos_embed")[0],
        "visual.proj": state.pop("head.weight").T,
        "positional_embedding": torch.zeros(77, 512),
        "transformer.resblocks.0.ln_1.weight": torch.ones(512),
        "logit_scale": torch.ones(()),
    }
    state.pop("head.bias")
    for key, tensor in state.items():
        if key.startswith("norm."):
            key = key.replace("norm", "visual.ln_post")
        for theirs, ours in OPEN_CLIP:
            key = key.replace(theirs, ours)
        renamed[key] = tensor
    return renamed


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, without a network."""

    def refuse(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(pooch, "retrieve", refuse)
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


@pytest.fixture
def put(cache, monkeypatch):
    """Put a state into the cache as the file on record, whose hash it gets."""
    record = dict(published.table())
    monkeypatch.setattr(published, "table", lambda: record)

    def place(name, state):
        file = cache / record[name].file
        if file.suffix == ".safetensors":
            save_file(state, file)
        else:
            torch.save(state, file)
        record[name] = replace(record[name], sha256=artifacts.sha256(file))
        return file

    return place


@pytest.mark.parametrize("name", sorted({*TORCHVISION, *full.TIMM} - {"alexnet"}))
def test_files_of_the_genuine_format_fit_strictly(put, name):
    state = genuine(name)
    put(name, state)
    backbone = create_backbone(name)
    set_weights(backbone, full.published_weights(name), name)
    loaded = [tensor for key, tensor in backbone.state_dict().items() if key not in ("mean", "std")]
    used = [tensor for key, tensor in state.items() if not key.startswith(published.entry(name).left_out or "-")]
    assert len(loaded) == len(used)
    numbers, expected = (sorted(tensor.flatten()[0].item() for tensor in part) for part in (loaded, used))
    assert numbers == expected
    stated = published.entry(name).preprocessing
    assert (stated["channels"], stated["range"]) == ("rgb", 1)
    torch.testing.assert_close(backbone.mean.flatten(), torch.tensor(stated["mean"]))
    torch.testing.assert_close(backbone.std.flatten(), torch.tensor(stated["std"]))


def test_clip_is_renamed_as_it_is_meant(put):
    state = genuine("clip-vit-b16")
    put("clip-vit-b16", state)
    weights = full.published_weights("clip-vit-b16")
    for theirs, ours in [
        ("visual.conv1.weight", "patch_embed.proj.weight"),
        ("visual.ln_pre.bias", "norm_pre.bias"),
        ("visual.transformer.resblocks.7.attn.in_proj_weight", "blocks.7.attn.qkv.weight"),
        ("visual.transformer.resblocks.7.ln_2.weight", "blocks.7.norm2.weight"),
        ("visual.ln_post.weight", "norm.weight"),
    ]:
        assert torch.equal(state[theirs], weights[ours])
    state["visual.positional_embedding"] = state["visual.positional_embedding"][:-13]
    put("clip-vit-b16", state)
    with pytest.raises(UserError, match=r"have positions \(184, 768\), not \(197, 768\)"):
        full.published_weights("clip-vit-b16")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("features.3.squeeze.bias"), "features.3.squeeze.bias is missing"),
        (lambda state: state.update({"aux.weight": torch.ones(1)}), "aux.weight is none of its names"),
        (lambda state: state.update({"features.0.bias": torch.ones(65)}), r"features.0.bias is \(65,\), not \(64,\)"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(put, tmp_path, change, message):
    state = genuine("squeezenet-1-1")
    change(state)
    put("squeezenet-1-1", state)
    with pytest.raises(UserError, match=rf"squeezenet1_1-b8a52dc0.pth does not fit Squeezenet:\n  - {message}"):
        full.published_backbone("squeezenet-1-1", output=tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


def test_position_embeddings_of_another_size_are_not_interpolated(put, tmp_path):
    state = genuine("dinov2-vits14")
    state["pos_embed"] = state["pos_embed"][:, :257].contiguous()
    put("dinov2-vits14", state)
    with pytest.raises(UserError, match=r"network.pos_embed is \(1, 257, 384\), not \(1, 1370, 384\)"):
        full.published_backbone("dinov2-vits14", output=tmp_path / "out.safetensors")


def test_the_written_file_is_a_backbone_with_its_provenance(put, tmp_path):
    state = genuine("squeezenet-1-1")
    file = put("squeezenet-1-1", state)
    full.published_backbone("squeezenet-1-1", output=tmp_path / "out.safetensors")
    backbone = load_backbone("squeezenet-1-1", tmp_path / "out.safetensors")
    assert torch.equal(backbone.features[12].expand3x3.weight, state["features.12.expand3x3.weight"])
    facts = artifacts.read_facts(tmp_path / "out.safetensors")
    assert facts["initialisation"] == "published"
    assert facts["sha256"] == artifacts.sha256(file)
    assert facts["revision"] == "torchvision SqueezeNet1_1_Weights.IMAGENET1K_V1"
    assert facts["licence"] == "BSD-3-Clause"


@pytest.mark.parametrize("name", ["swin-tiny", "dinov2-vits14"])
def test_offline_the_message_says_what_from_where_and_where_to(cache, name):
    with pytest.raises(UserError) as caught:
        full.published_weights(name)
    record = published.entry(name)
    assert f"{record.file} ({record.megabytes} MB) cannot be had from {record.urls[0]} (no network)" in str(
        caught.value
    )
    assert f"put it at {cache / record.file}" in str(caught.value)


def test_another_file_under_that_name_is_not_opened(cache):
    (cache / "squeezenet1_1-b8a52dc0.pth").write_bytes(b"half a file")
    with pytest.raises(UserError, match=r"is not the file on record .*SHA-256 is .*, not b8a52dc0.*delete it"):
        full.published_weights("squeezenet-1-1")
    with pytest.raises(UserError, match=r"no public weights .*'narrow-vgg'.*kind `file`"):
        full.published_weights("narrow-vgg")


class Danger:
    def __reduce__(self):
        return os.mkdir, ("executed",)


def test_nothing_in_a_file_is_executed(put, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put("squeezenet-1-1", {"features.0.weight": Danger()})
    with pytest.raises(pickle.UnpicklingError):
        full.published_weights("squeezenet-1-1")
    assert not Path("executed").exists()


@pytest.fixture
def server():
    """Serves `content` whole at /whole, half of it at /half; counts the requests."""

    class Handler(BaseHTTPRequestHandler):
        content, requests = os.urandom(10_000), []

        def do_GET(self):
            self.requests.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.content)))
            self.end_headers()
            self.wfile.write(self.content if self.path == "/whole" else self.content[:5000])

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", Handler
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("known", [True, False], ids=["hash", "no-hash"])
def test_a_broken_transfer_leaves_no_file_and_the_next_address_is_tried(server, tmp_path, monkeypatch, known):
    address, handler = server
    handler.requests.clear()
    (tmp_path / "content").write_bytes(handler.content)
    hash = artifacts.sha256(tmp_path / "content") if known else None
    folder = tmp_path / "folder"
    record = replace(published.entry("dists"), file="w.pt", sha256=hash, folder=str(folder))

    monkeypatch.setattr(published, "table", lambda: {"w": replace(record, urls=(f"{address}/half",))})
    with pytest.raises(UserError, match=rf"w.pt .*cannot be had from http.*half \(.*put it at {folder}/w.pt"):
        published.fetch("w")
    assert [path.name for path in folder.iterdir() if path.suffix != ".lock"] == []

    both = (f"{address}/half", f"{address}/whole")
    monkeypatch.setattr(published, "table", lambda: {"w": replace(record, urls=both)})
    assert published.fetch("w").read_bytes() == handler.content
    assert handler.requests == ["/half", "/half", "/whole"]
    published.fetch("w")
    assert len(handler.requests) == 3, "a file that is there is not downloaded again"


def test_a_download_with_another_hash_is_not_kept(server, tmp_path, monkeypatch):
    record = replace(published.entry("dists"), urls=(f"{server[0]}/whole",), file="w.pt", folder=str(tmp_path))
    monkeypatch.setattr(published, "table", lambda: {"w": record})
    with pytest.raises(UserError, match=r"cannot be had from .*hash"):
        published.fetch("w")
    assert not (tmp_path / "w.pt").exists()


def test_the_record_agrees_with_the_packages():
    for name, (_, weights) in TORCHVISION.items():
        record = published.entry(name)
        assert record.urls == (weights.url,)
        assert record.revision == f"torchvision {type(weights).__name__}.{weights.name}"
        assert record.file.rpartition("-")[2] == f"{record.sha256[:8]}.pth"
        assert record.megabytes == pytest.approx(weights.meta["_file_size"] * 2**20 / 1e6, abs=0.1)
    for name, model in full.TIMM.items():
        repository, _, commit = published.entry(name).revision.partition("@")
        assert repository == timm.get_pretrained_cfg(model).hf_hub_id
        assert published.entry(name).urls[0].startswith(f"https://huggingface.co/{repository}/resolve/{commit}/")
    assert all(record.licence for record in published.table().values())
    full_members = {name for name in registry.table()["backbones"] if not name.startswith("narrow-")}
    judges = {"brisque", "clip-rn50", "clip-iqa-tokens"}
    assert full_members == set(published.table()) - {"alexnet", "dists"} - judges


@pytest.mark.parametrize(("net", "trunk"), [("alex", "alexnet"), ("vgg", "vgg-16")])
def test_lpips_gets_its_trunk_from_the_verified_file(put, net, trunk):
    state = genuine(trunk)
    put(trunk, state)
    metric = create_metric("lpips", net=net)
    first = dict(metric.network.net.slice1.named_parameters())["0.weight"]
    assert torch.equal(first, state["features.0.weight"])
    last = list(metric.network.net.slice5.parameters())[-1]
    assert torch.equal(last, state["features.10.bias" if net == "alex" else "features.28.bias"])
    assert not any(parameter.requires_grad for parameter in metric.parameters())
    assert (metric.network.lin0.model[-1].weight >= 0).all()


def test_a_trunk_that_does_not_fit_lpips(put):
    state = genuine("alexnet")
    state.pop("features.0.bias")
    put("alexnet", state)
    with pytest.raises(UserError, match=r"do not fit lpips:\n  - features.0.bias is missing"):
        create_metric("lpips")


def test_official_dists_is_the_family_with_the_released_weights(put):
    random_vgg = create_backbone("vgg-16")
    initialise(random_vgg, 0)
    features = {key: value for key, value in random_vgg.state_dict().items() if key.startswith("features.")}
    put("vgg-16", genuine("vgg-16") | features)
    alpha, beta = torch.rand(2, 1475)
    put("dists", {"alpha": alpha.view(1, -1, 1, 1), "beta": torch.nn.Parameter(beta.view(1, -1, 1, 1))})
    metric = create_metric("dists-official")
    backbone = create_backbone("vgg-16", pooling="l2")
    set_weights(backbone, full.published_weights("vgg-16"), "file")
    x, y = torch.rand(2, 1, 3, 64, 64)
    expected = Dists(backbone, alpha, beta)(prediction=x, reference=y)
    assert torch.equal(metric(prediction=x, reference=y), expected)
    assert expected > 0.01


def test_the_released_weights_of_dists_are_what_the_record_says():
    shared = Path(os.environ.get("ASYMMETRY_SHARED", Path(__file__).parents[3] / "shared"))
    file = shared / "data" / "weights" / "dists_alpha_beta.pt"
    if not file.exists():
        pytest.skip("the released weights of DISTS are not on this machine (ASYMMETRY_SHARED)")
    assert artifacts.sha256(file) == published.entry("dists").sha256
    weights = torch.load(file, weights_only=True)
    assert {name: tuple(tensor.shape) for name, tensor in weights.items()} == dict.fromkeys(
        ("alpha", "beta"), (1, 1475, 1, 1)
    )
