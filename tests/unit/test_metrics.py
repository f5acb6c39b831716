import pooch
import pytest
import torch
from piq import multi_scale_ssim
from rated_set import blurred, tensor

from asymmetry import registry
from asymmetry.errors import UserError
from asymmetry.metrics import piq_metrics
from asymmetry.metrics.create import create_metric
from asymmetry.networks.backbones import create_backbone, initialise

PIQ = ["psnr", "ssim", "ms-ssim", "ms-ssim-3", "vifp", "fsim", "gmsd", "mdsi", "vsi", "haarpsi", "dss"]
ALL = [*PIQ, "mae", "dists"]


def make(name, **options):
    if name == "dists":
        backbone = create_backbone("narrow-vgg", pooling="l2")
        initialise(backbone, 0)
        options["backbone"] = backbone
    return create_metric(name, **options)


@pytest.fixture
def clean(request):
    name = request.node.callspec.params.get("name") if hasattr(request.node, "callspec") else None
    return tensor(168 if name == "ms-ssim" else 80)


def with_flat_patches(image):
    """A white and a black patch, 32 pixels and more wide: flat for blocks of 8 with their neighbours, too."""
    image = image.clone()
    image[..., :40, 30:70] = 1
    image[..., 48:, 30:70] = 0
    return image


@pytest.mark.parametrize("name", ALL)
def test_identity_is_the_optimum_and_more_blur_is_worse(name, clean):
    metric = make(name)
    identical = metric(prediction=clean, reference=clean)
    little, much = (metric(prediction=blurred(clean, width), reference=clean) for width in (3, 7))
    sign = 1 if metric.higher_is_better else -1
    assert identical.shape == (1,)
    assert identical.item() == pytest.approx(metric.optimum, abs=1e-6)
    assert sign * identical > sign * little > sign * much
    low, high = metric.range
    assert low is None or much >= low
    assert high is None or identical <= high + 1e-6


@pytest.mark.parametrize("name", ALL)
def test_loss_is_the_distance_from_the_optimum(name, clean):
    metric = make(name)
    near, far = (metric.loss(prediction=blurred(clean, width), reference=clean) for width in (3, 7))
    value = metric(prediction=blurred(clean, 3), reference=clean)
    assert near.shape == ()
    assert near.item() == pytest.approx(abs(value.item() - metric.optimum), rel=1e-5)
    assert 0 <= metric.loss(prediction=clean, reference=clean) < near < far


@pytest.mark.parametrize("name", [n for n in ALL if registry.entry("metrics", n).differentiable])
def test_gradients_are_finite_wherever_roots_are_taken_of_zero(name, clean):
    metric = make(name)
    patchy, half = with_flat_patches(clean), torch.full_like(clean, 0.5)
    pairs = {
        "ordinary": (blurred(clean, 3), clean),
        "flat patches in both": (with_flat_patches(blurred(clean, 3)), patchy),
        "flat patches in the output": (patchy, clean),
        "identical": (patchy, patchy),
        "constant": (half, clean),
        "constant reference": (clean, half),
        "constant and equal": (half, half),
        "constant and different": (half, half + 0.1),
        "black": (half * 0, half * 0),
        "opposite": (1 - clean, clean),
    }
    for case, (prediction, reference) in pairs.items():
        prediction = prediction.clone().requires_grad_()
        loss = metric.loss(prediction=prediction, reference=reference)
        loss.backward()
        assert loss.isfinite(), case
        assert prediction.grad.isfinite().all(), case
        if case == "ordinary":
            assert prediction.grad.abs().max() > 0


@pytest.mark.parametrize("name", PIQ)
def test_values_are_those_of_piq(name, clean):
    import piq

    entry = registry.entry("metrics", name)
    settings = {key: value for key, value in entry.arguments.items() if key not in ("function", "optimum")}
    if "scale_weights" in settings:
        settings["scale_weights"] = torch.tensor(settings["scale_weights"])
    prediction = torch.cat([with_flat_patches(blurred(clean, 3)), blurred(clean, 5)])
    reference = torch.cat([with_flat_patches(clean), clean])
    function = getattr(piq, entry.arguments["function"])
    expected = function(prediction, reference, data_range=1.0, reduction="none", **settings)
    torch.testing.assert_close(make(name)(prediction=prediction, reference=reference), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ALL)
def test_an_image_has_one_value_whatever_its_batch(name, clean):
    metric = make(name)
    predictions = torch.cat([blurred(clean, 3), clean, torch.full_like(clean, torch.nan), blurred(clean, 9)])
    together = metric(prediction=predictions, reference=clean.expand(4, -1, -1, -1))
    described = metric.compare(predictions, metric.describe(clean))
    apart = torch.cat([metric(prediction=one[None], reference=clean) for one in predictions])
    torch.testing.assert_close(together, apart, rtol=1e-5, atol=1e-6, equal_nan=True)
    torch.testing.assert_close(described, apart, rtol=1e-5, atol=1e-6, equal_nan=True)
    assert together.isnan().tolist() == [False, False, True, False]


@pytest.mark.parametrize("name", ["gmsd", "psnr", "dists"])
def test_symmetric_ones_are_symmetric(name, clean):
    metric = make(name)
    there = metric(prediction=blurred(clean, 3), reference=clean)
    back = metric(prediction=clean, reference=blurred(clean, 3))
    torch.testing.assert_close(there, back, rtol=1e-5, atol=1e-7)


def test_three_scale_ms_ssim_takes_small_crops():
    crop = tensor(48)
    metric = make("ms-ssim-3")
    value = metric(prediction=blurred(crop, 3), reference=crop)
    weights = torch.tensor([0.0448, 0.2856, 0.3001])
    expected = multi_scale_ssim(blurred(crop, 3), crop, kernel_size=7, scale_weights=weights)
    assert value.item() == pytest.approx(expected.item(), rel=1e-6)


def test_minimum_size_is_the_smallest_that_works():
    for name in PIQ:
        size = registry.entry("metrics", name).minimum_size
        image = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0))
        assert make(name)(prediction=1 - image, reference=image).isfinite().all(), name
        if size > 1:
            with pytest.raises(UserError, match=f"at least {size} each way"):
                make(name)(prediction=image[..., 1:], reference=image[..., 1:])


def test_bad_input_is_refused():
    metric, image = make("mae"), tensor(16)
    for bad, said in {
        image * 255: r"values from .* to 2\d\d.*Hint: images are RGB in \[0, 1\]",
        image * 2 - 1: "values from -",
        image[:, :1]: r"shape \(1, 1, 16, 16\)",
        image[0]: r"shape \(3, 16, 16\)",
        (image * 255).byte(): "uint8",
    }.items():
        with pytest.raises(UserError, match=said):
            metric(prediction=bad, reference=image)
        with pytest.raises(UserError, match=said):
            metric.loss(prediction=image, reference=bad)
    for bad in (image[..., 1:], image.double(), image.repeat(3, 1, 1, 1)):
        with pytest.raises(UserError, match="against a reference"):
            metric(prediction=bad, reference=image.expand(2, -1, -1, -1))
    with pytest.raises(UserError, match="no numbers"):
        metric(prediction=image, reference=image * torch.nan)
    with pytest.raises(TypeError):
        metric(image, image)
    assert metric(prediction=image.clamp(1e-5, 1) - 5e-5, reference=image).isfinite().all()


def test_it_stays_frozen():
    metric = make("dists")
    torch.nn.Sequential(metric).train()
    assert not any(module.training for module in metric.modules())
    assert not any(parameter.requires_grad for parameter in metric.parameters())


def test_resize_is_for_assessment_only():
    large = tensor(320)
    plain, reduced = make("gmsd"), make("gmsd", resize="256")
    pair = {"prediction": blurred(large, 3), "reference": large}
    smaller = {key: torch.nn.functional.interpolate(value, (256, 256), mode="bilinear", antialias=True)
               for key, value in pair.items()}  # fmt: skip
    assert reduced(**pair) == plain(**smaller) != plain(**pair)
    assert reduced.loss(**pair) == plain.loss(**pair)
    assert reduced(prediction=large[..., :200], reference=large[..., :200] ** 2).item() == pytest.approx(
        plain(prediction=large[..., :200], reference=large[..., :200] ** 2).item()
    )
    with pytest.raises(UserError, match="resize rule 'half'"):
        make("gmsd", resize="half")


def test_constant_knows_nothing(clean):
    metric = make("constant")
    assert metric(prediction=blurred(clean, 9), reference=clean) == metric(prediction=clean, reference=clean) == 0
    assert not registry.entry("metrics", "constant").differentiable


@pytest.mark.parametrize("options", [{"kernel_size": 10}, {"kernel_size": "abc"}, {"data_range": 0}])
def test_options_that_piq_does_not_take(options):
    metric, image = make("ssim", **options), tensor()
    with pytest.raises(UserError, match=rf"piq's ssim does not take the options .*{next(iter(options))}"):
        metric(prediction=blurred(image, 3), reference=image)


def test_unknown_names_and_directions():
    with pytest.raises(UserError, match="Did you mean 'haarpsi'"):
        make("harpsi")
    with pytest.raises(UserError, match=r"options \['sigma'\]"):
        make("mae", sigma=2)
    with pytest.raises(UserError, match="higher_is_better: False, not True"):
        make("mae", higher_is_better=True)
    with pytest.raises(UserError, match="backbone"):
        create_metric("dists")


def test_offline_the_message_names_the_published_weights(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(pooch, "retrieve", refuse)
    with pytest.raises(UserError, match=r"weights alexnet.* cannot be had from https.*no network.*put it at"):
        create_metric("lpips")
    with pytest.raises(UserError, match=r"weights vgg16"):
        create_metric("lpips", net="vgg")
    with pytest.raises(UserError, match=r"weights vgg16"):
        create_metric("dists-official")
    with pytest.raises(UserError, match="no net 'squeeze'"):
        create_metric("lpips", net="squeeze")


@pytest.mark.parametrize("root", [lambda x: torch.pow(x, 0.5), lambda x: torch.pow(x, exponent=0.5), lambda x: x**0.5])
def test_a_root_of_zero_has_slope_zero_however_it_is_written(root):
    x = torch.tensor([0.0, 4.0], requires_grad=True)
    with piq_metrics.FiniteRoots():
        value = root(x)
        square = torch.pow(x, exponent=2)
    value.sum().backward()
    assert value.tolist() == [0, 2]
    assert x.grad.tolist() == [0, 0.25]
    assert square.tolist() == [0, 16]


def test_lpips_has_finite_gradients_where_features_vanish(monkeypatch):
    from torchvision.models import alexnet

    torch.manual_seed(0)
    network = alexnet(weights=None)
    with torch.no_grad():
        network.features[0].bias.fill_(-0.05)
    weights = {f"features.{name}": tensor for name, tensor in network.features.state_dict().items()}
    monkeypatch.setattr(piq_metrics.published, "read", lambda _: weights)
    metric = create_metric("lpips")
    image = with_flat_patches(tensor(80))
    prediction = blurred(image, 3).requires_grad_()
    loss = metric.loss(prediction=prediction, reference=image)
    loss.backward()
    assert loss > 0
    assert prediction.grad.isfinite().all()
    assert metric(prediction=image, reference=image) == 0


PLUGIN = """
import torch

class Distance(torch.nn.Module):
    higher_is_better = False
    optimum = 0.0
    def __init__(self, power=2):
        super().__init__()
        self.power = power
        self.scale = torch.nn.Parameter(torch.ones(()))
    def forward(self, *, prediction, reference):
        return self.scale * (prediction - reference).abs().pow(self.power).mean((1, 2, 3))

class Undirected:
    def __call__(self, *, prediction, reference):
        return -(prediction - reference).abs().mean((1, 2, 3))

class Scalar(Distance):
    def forward(self, *, prediction, reference):
        return (prediction - reference).abs().mean()

class Raising(Distance):
    def forward(self, *, prediction, reference):
        return self.nothing


class Vague(Distance):
    higher_is_better = "no"


class Broken(Distance):
    def forward(self, *, prediction, reference):
        return super().forward(prediction=prediction, reference=reference) / 0
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    name = f"outside_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_a_metric_from_outside_the_project(plugin, clean):
    metric = create_metric(f"{plugin}:Distance", power=1)
    prediction = blurred(clean, 3).requires_grad_()
    ours = create_metric("mae")(prediction=prediction, reference=clean)
    torch.testing.assert_close(metric(prediction=prediction, reference=clean), ours)
    loss = metric.loss(prediction=prediction, reference=clean)
    loss.backward()
    assert prediction.grad.abs().sum() > 0
    assert not metric.higher_is_better
    assert not any(parameter.requires_grad for parameter in metric.parameters())


def test_the_direction_of_a_plugin_must_be_known(plugin, clean):
    with pytest.raises(UserError, match="Hint: give it an attribute higher_is_better"):
        create_metric(f"{plugin}:Undirected")
    with pytest.raises(UserError, match="higher_is_better: False, not True"):
        create_metric(f"{plugin}:Distance", higher_is_better=True)
    metric = create_metric(f"{plugin}.Undirected", higher_is_better=True)
    near, far = (metric.loss(prediction=blurred(clean, width), reference=clean) for width in (3, 7))
    assert metric.optimum is None
    assert near < far


def test_what_a_plugin_returns_is_checked(plugin, clean):
    pair = {"prediction": blurred(clean, 3), "reference": clean}
    with pytest.raises(UserError, match=r"gives \(\) for 1 images.*shape \(1,\)"):
        create_metric(f"{plugin}:Scalar")(**pair)
    with pytest.raises(UserError, match=r"gives \[inf\] for finite images"):
        create_metric(f"{plugin}:Broken")(**pair)
    with pytest.raises(UserError, match="Raising' raised AttributeError") as caught:
        create_metric(f"{plugin}:Raising")(**pair)
    assert isinstance(caught.value.__cause__, AttributeError), "the log shows where"
    with pytest.raises(UserError, match="higher_is_better is 'no'"):
        create_metric(f"{plugin}:Vague")
    with pytest.raises(UserError, match="cannot be imported"):
        create_metric(f"{plugin}:Missing")
