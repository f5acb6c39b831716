import piq
import pytest
import torch
from rated_set import blurred, tensor
from torchvision.models.vgg import cfgs, make_layers

from asymmetry.errors import UserError
from asymmetry.metrics.dists import Dists
from asymmetry.networks.backbones import create_backbone, initialise


def backbone(**options):
    network = create_backbone("narrow-vgg", pooling="l2", **options)
    initialise(network, 0)
    return network


@pytest.fixture(scope="module")
def metric():
    return Dists(backbone())


def test_it_equals_piq_on_the_same_vgg16_and_weights(monkeypatch):
    ours = create_backbone("vgg-16", pooling="l2")
    initialise(ours, 0)
    channels = 3 + sum(ours.channels)
    alpha, beta = torch.rand(2, channels, generator=torch.Generator().manual_seed(0))
    total = alpha.sum() + beta.sum()
    weights = {"alpha": (alpha / total).view(1, -1, 1, 1), "beta": (beta / total).view(1, -1, 1, 1)}

    theirs = torch.nn.Module()
    theirs.features = make_layers(cfgs["D"])
    theirs.features.load_state_dict(ours.features.state_dict(), strict=True)
    monkeypatch.setattr("piq.perceptual.vgg16", lambda **_: theirs)
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", lambda *_, **__: weights)
    official = piq.DISTS(reduction="none")

    family = Dists(ours, alpha, beta)
    reference = torch.cat([tensor(128, seed)[..., :96] for seed in (0, 1)])
    noise = 0.1 * torch.randn(reference.shape, generator=torch.Generator().manual_seed(1))
    prediction = torch.stack([blurred(reference[:1], 5)[0], (reference + noise).clamp(0, 1)[1]])
    value = family(prediction=prediction, reference=reference)
    assert (value > 0.01).all()
    torch.testing.assert_close(value, official(prediction, reference), rtol=0, atol=1e-5)


def test_the_formula_on_one_channel():
    class Nothing(torch.nn.Module):
        channels, strides = (1,), (1,)

        def forward(self, image):
            return [image[:, :1]]

    metric = Dists(Nothing(), alpha=torch.tensor([0.0, 0, 0, 3]), beta=torch.tensor([0.0, 0, 0, 1]))
    x, y = tensor(16, 0), tensor(16, 1)
    a, b = x[0, 0].double(), y[0, 0].double()
    texture = (2 * a.mean() * b.mean() + 1e-6) / (a.mean() ** 2 + b.mean() ** 2 + 1e-6)
    covariance = ((a - a.mean()) * (b - b.mean())).mean()
    structure = (2 * covariance + 1e-6) / (a.var(correction=0) + b.var(correction=0) + 1e-6)
    expected = 1 - (0.75 * texture + 0.25 * structure)
    assert metric(prediction=x, reference=y).item() == pytest.approx(expected.item(), rel=1e-5)


def test_uniform_weights_give_each_stage_and_term_its_share(metric):
    assert metric.weights.sum().item() == pytest.approx(1)
    alpha, beta = metric.weights.chunk(2)
    torch.testing.assert_close(alpha, beta)
    for share in alpha.split(metric.channels):
        assert share.sum().item() == pytest.approx(1 / (2 * len(metric.channels)))
        assert share.unique().numel() == 1


def test_similarities_are_the_terms_of_the_value(metric):
    reference = tensor()
    prediction = torch.cat([blurred(reference, 3), blurred(reference, 7)])
    terms = metric.similarities(prediction, metric.describe(reference))
    assert terms.shape == (2, 2 * sum(metric.channels))
    assert terms.max() <= 1
    value = metric(prediction=prediction, reference=reference.expand(2, -1, -1, -1))
    torch.testing.assert_close(1 - terms @ metric.weights, value, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(metric.similarities(prediction[:1], reference), terms[:1])


def test_the_reference_is_seen_once_and_carries_no_gradient(metric, monkeypatch):
    calls = []
    hook = metric.backbone.register_forward_hook(lambda *_: calls.append(1))
    reference = tensor().requires_grad_()
    description = metric.describe(reference)
    for width in (3, 5, 7):
        metric.compare(blurred(reference.detach(), width), description)
    hook.remove()
    assert len(calls) == 4
    assert not any(tensor.requires_grad for stage in description.content for tensor in stage)


def test_max_pooling_and_a_transformer_do_as_well():
    reference = tensor()
    for network in (create_backbone("narrow-vgg"), create_backbone("narrow-vit"), create_backbone("narrow-resnet")):
        initialise(network, 0)
        metric = Dists(network.eval())
        prediction = blurred(reference, 3).requires_grad_()
        metric.loss(prediction=prediction, reference=reference).backward()
        assert prediction.grad.isfinite().all()
        assert prediction.grad.abs().max() > 0
        assert metric(prediction=reference, reference=reference) == 0


def test_every_stage_has_sixteen_positions(metric):
    assert metric.minimum_size == 64
    with pytest.raises(UserError, match="at least 64"):
        metric(prediction=tensor(48), reference=tensor(48))


def test_weights_that_do_not_fit_are_refused():
    network, count = backbone(), 3 + sum(backbone().channels)
    one = torch.ones(count)
    for alpha, beta, said in [
        (one, None, f"{count} channels"),
        (one[1:], one, "fitted on another backbone"),
        (-one, one, "not negative"),
        (one * 0, one * 0, "not all zero"),
        (one * torch.nan, one, "finite"),
    ]:
        with pytest.raises(UserError, match=said):
            Dists(network, alpha, beta)
