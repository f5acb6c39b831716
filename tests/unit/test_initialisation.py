import pytest
import torch
from tiny_training import BACKBONE, make_pictures

from asymmetry import artifacts, images
from asymmetry.artifacts import load_tensors, read_facts, save_tensors
from asymmetry.errors import UserError
from asymmetry.networks.backbones import create_backbone, initialise, load_backbone
from asymmetry.networks.discriminators import create_discriminator
from asymmetry.training.initialisation import discriminator_backbone, random_backbone

RESNET = {"object": "narrow-resnet", "widths": [8, 8], "depths": [1, 1]}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_pictures(tmp_path_factory.mktemp("corpus"), range(3), size=80)


@pytest.mark.parametrize("backbone", [BACKBONE, RESNET], ids=["vgg", "resnet"])
def test_random_weights_are_those_of_their_seed(corpus, tmp_path, backbone):
    paths = [tmp_path / f"{name}.safetensors" for name in ("first", "again", "other")]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        torch.rand(1)  # the global random state has no say
        random_backbone(**backbone, seed=seed, corpus=corpus, output=path)
    first, again, other = paths
    assert first.read_bytes() == again.read_bytes()
    name = next(name for name, tensor in load_tensors(first).items() if name.endswith("0.weight") and tensor.dim() == 4)
    assert not torch.equal(load_tensors(first)[name], load_tensors(other)[name])
    assert read_facts(first) == {"initialisation": "random", "seed": 1}
    load_backbone(**backbone, path=first)


def test_batch_norm_has_the_statistics_of_the_corpus(corpus, tmp_path):
    random_backbone(**RESNET, seed=0, corpus=corpus, output=tmp_path / "w.safetensors")
    backbone = load_backbone(**RESNET, path=tmp_path / "w.safetensors")
    plain = create_backbone(**RESNET)
    norm = backbone.stem[1]
    assert norm.running_mean.abs().max() > 1e-3
    assert not torch.allclose(norm.running_var, plain.stem[1].running_var, rtol=0.01)
    pictures = torch.cat([images.to_tensor(images.read(path)) for path in corpus.parent.glob("images/*.png")])
    with torch.no_grad():
        out = norm(backbone.stem[0]((pictures - backbone.mean) / backbone.std))
    assert out.mean().abs() < 0.3
    assert 0.6 < out.std() < 1.4


def test_small_pictures_of_different_sizes(tmp_path):
    folder = tmp_path / "corpus"
    make_pictures(folder, [0], size=100)
    small = make_pictures(folder, [1], size=40)
    random_backbone(**RESNET, seed=0, corpus=small, output=tmp_path / "w.safetensors")
    assert torch.isfinite(load_tensors(tmp_path / "w.safetensors")["stem.1.running_var"]).all()


@pytest.mark.parametrize("spectral_norm", [False, True])
def test_backbone_of_a_discriminator(tmp_path, spectral_norm):
    body = create_backbone(**BACKBONE)
    initialise(body, 5)
    trained = create_discriminator(body, "patch", 32, spectral_norm, seed=0)
    save_tensors(trained.effective_state_dict(), tmp_path / "d.safetensors")
    discriminator_backbone(**BACKBONE, discriminator=tmp_path / "d.safetensors", output=tmp_path / "b.safetensors")
    loaded = load_backbone(**BACKBONE, path=tmp_path / "b.safetensors")
    x = torch.rand(1, 3, 32, 32)
    trained.eval()
    with torch.no_grad():
        assert torch.equal(loaded(x)[-1], trained.backbone(x)[-1])
    assert read_facts(tmp_path / "b.safetensors") == {"initialisation": "discriminator"}


@pytest.mark.parametrize("other", [RESNET, BACKBONE | {"widths": [4, 8, 16]}, BACKBONE | {"convolutions": [1, 1, 2]}])
def test_another_backbone_is_refused(tmp_path, other):
    trained = create_discriminator(create_backbone(**BACKBONE), "patch", 32, False, seed=0)
    save_tensors(trained.effective_state_dict(), tmp_path / "d.safetensors")
    with pytest.raises(UserError, match=rf"d\.safetensors holds no backbone {other['object']!r}"):
        discriminator_backbone(**other, discriminator=tmp_path / "d.safetensors", output=tmp_path / "b.safetensors")
    assert not (tmp_path / "b.safetensors").exists()


def test_what_is_no_discriminator_is_refused(tmp_path):
    artifacts.save_tensors(create_backbone(**BACKBONE).state_dict(), tmp_path / "d.safetensors")
    with pytest.raises(UserError, match="holds no backbone"):
        discriminator_backbone(**BACKBONE, discriminator=tmp_path / "d.safetensors", output=tmp_path / "b.safetensors")
