"""The computing of each stage: jobs times steps times batch times what one picture costs."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

from asymmetry.errors import UserError
from asymmetry.estimation import steps, volume
from asymmetry.estimation.probe import UNKNOWN, Cost, Made, Probes, Work
from asymmetry.plan import NONE, Cell, Config, Plan, canonical

FORWARD = 1 / 3  # of a training step is the forward pass; the backward pass costs twice as much
LOW_CROP = 24  # low-resolution pixels a side on which a generator is measured
LARGEST_CROP = 256  # pixels a side on which all other networks are measured
PICTURE = (
    0.05  # seconds a picture on a GPU beside the network: pyiqa's benchmark has .04 to .17 on a V100, one at a time
)
LAUNCHES = 0.05  # seconds a training step on a GPU, however small the networks: some thousand kernels
JUDGED = 1.0  # seconds a megapixel and judge
CROPS = 5  # of a picture that a quality model is tested on
FAMILIES, GROUPS = 7, 4  # folds of the protocol that leaves out families of distortions
TESTED = 0.4  # share of the pictures that a fold validates and tests on
FETCHED = ("lpips", "dists-official")  # metrics that fetch their weights when they are made
STAND_IN = {"object": "dists", "backbone": {"object": "vgg-16"}, "options": {}, "higher_is_better": None}


class Costs:
    """What each network of a config costs, measured once for each kind: networks of equal settings are one kind.

    Attributes:
        parameters: of each network that was asked for, by its kind and name.
        notes: what was assumed on the way.
    """

    def __init__(self, config: Config, probes: Probes) -> None:
        self.config = config
        self.plan = Plan(config)
        self.probes = probes
        self.parameters: dict[str, int] = {}
        self.notes: list[str] = []
        self._known: dict[str, dict[str, Cost]] = {"metric": {}, "discriminator": {}, "backbone": {}, "generator": {}}

    def _cost(self, kind: str, name: str, settings: Any, make: Callable[[], Made], crop: int, **sizes: int) -> Cost:
        """The cost of a network; one that could not be measured works as the costliest measured so far of its kind.

        A metric without parameters, such as SSIM, says nothing of those with a network.
        """
        known = self._known[kind]
        key = json.dumps(settings, sort_keys=True)
        if key not in known:
            known[key] = self.probes.measure(f"{kind} {name}", make, crop, **sizes)
        own = known[key]
        self.parameters[f"{kind} {name}"] = own.parameters
        if own.pixel is not UNKNOWN:
            return own
        alike = [cost.pixel for cost in known.values() if cost.parameters or not own.parameters]
        measured = [pixel for pixel in alike if pixel is not UNKNOWN]
        return replace(own, pixel=max(measured, key=lambda pixel: pixel.flops, default=UNKNOWN))

    def generator(self) -> Cost:
        """The generator of the grid."""
        own = self.config["optimization"]
        definition, scale = self.config["generators"][own["generator"]], self.config["tasks"][own["task"]]["scale"]
        crop = min(own["crop"], LOW_CROP * scale)
        make = lambda: steps.generator(definition, scale, self.probes.device)  # noqa: E731
        return self._cost("generator", own["generator"], [definition, scale], make, crop, smallest=8 * scale)

    def metric(self, name: str) -> Cost:
        """A metric as a loss; one whose weights are not at hand counts as DISTS on VGG-16."""
        settings = self.plan.metrics.settings(name)
        crop = min(self.config["optimization"]["crop"], LARGEST_CROP)

        def make() -> Made:
            try:
                if settings["object"] not in FETCHED:
                    return steps.metric(settings, self.probes.device)
            except UserError:
                pass
            self.notes.append(f"{name} cannot be made before its weights are there: counted as DISTS on VGG-16.")
            return steps.metric(STAND_IN, self.probes.device)

        return self._cost("metric", name, {k: v for k, v in settings.items() if k != "resize"}, make, crop)

    def discriminator(self, name: str) -> Cost:
        """A discriminator's part in a step of generator and discriminator."""
        settings = self.plan.grid.discriminator(name)
        crop = min(self.config["optimization"]["crop"], LARGEST_CROP)
        kind = {key: value for key, value in settings.items() if key != "learning_rate"}
        return self._cost(
            "discriminator", name, kind, lambda: steps.discriminator(settings, crop, self.probes.device), crop
        )

    def backbone(self, name: str, crop: int) -> Cost:
        """A backbone that is trained."""
        settings = self.plan.networks.backbone(name)
        crop = min(crop, LARGEST_CROP)
        return self._cost("backbone", name, settings, lambda: steps.backbone(settings, self.probes.device), crop)


def trainings(config: Config, plan: Plan) -> list[Cell]:
    """The cells of the grid, and those that are trained for a quality model alone."""
    found = set(plan.grid.cells)
    kinds = config["initialisations"]
    for init in {init for arm in config["transfer"]["arms"] for init in arm["initialisations"]}:
        if (own := kinds[init])["kind"] == "discriminator":
            weight = canonical(own["weight"])
            found |= {
                Cell(own["objective"], own["discriminator"], weight, seed) for seed in config["transfer"]["seeds"]
            }
    return sorted(found)


def optimization(config: Config, jobs: Mapping[str, int], costs: Costs) -> Work:
    """All trainings of the grid, and the calibration of their losses."""
    own = config["optimization"]
    pictures = own["batch"] * own["crop"] ** 2  # pixels of a step
    generator = costs.generator().pixel
    total = Work()
    for cell in (cells := trainings(config, costs.plan)):
        metric = config["objectives"][cell.objective]["metric"]
        pixel = generator.autocast() + (costs.metric(metric).pixel if metric else Work())
        if cell.discriminator != NONE:
            pixel += costs.discriminator(cell.discriminator).pixel.autocast()
        total += own["steps"] * (pictures * pixel + Work(overhead=LAUNCHES))
    planned = jobs.get("optimize", 0) + jobs.get("optimize_adversarially", 0)
    if planned != len(cells):
        costs.notes.append(f"{planned} trainings are planned, {len(cells)} were costed: their mean counts for all.")
    metrics = {config["objectives"][cell.objective]["metric"] for cell in cells} - {None}
    for name in sorted(metrics):
        calibrated = jobs.get("calibrate", 0) / len(metrics) * own["calibration_batches"]
        total += calibrated * pictures * (FORWARD * generator + costs.metric(name).pixel)
    return planned / len(cells) * total


def networks(config: Config, jobs: Mapping[str, int], costs: Costs) -> Work:
    """The L1 training of the generator, and the pretraining of backbones on pictures of a config's own."""
    own = config["pretraining"]
    step = own["batch"] * own["crop"] ** 2 * costs.generator().pixel.autocast() + Work(overhead=LAUNCHES)
    total = jobs.get("pretrained_generator", 0) * own["steps"] * step
    kinds = config["initialisations"]
    pairs = [pair for pair in sorted(costs.plan.used.initialised) if kinds[pair[1]]["kind"] == "pretraining"]
    for backbone, init in pairs:
        own = kinds[init]
        share = jobs.get("pretrained_backbone", 0) / len(pairs)
        step = own["batch"] * own["crop"] ** 2 * costs.backbone(backbone, own["crop"]).pixel + Work(overhead=LAUNCHES)
        total += share * own["steps"] * step
    return total


def assessment(config: Config, jobs: Mapping[str, int], costs: Costs) -> Work:
    """Every metric on every rated dataset."""
    own = config["assessment"]
    total = Work()
    for dataset, name in product(own["datasets"], own["metrics"]):
        pictures = volume.rated(config, dataset)
        total += pictures.pixels * FORWARD * costs.metric(name).pixel + Work(overhead=PICTURE * pictures.count)
    return total


def judgement(config: Config, jobs: Mapping[str, int], costs: Costs) -> Work:
    """Restoring the held-out pictures with every trained generator, and asking every judge."""
    pictures = volume.corpus(config, config["judgement"]["corpus"])
    asked = pictures.pixels / 1e6 * len(config["judgement"]["judges"])
    once = pictures.pixels * FORWARD * costs.generator().pixel + asked * Work(seconds=JUDGED, overhead=JUDGED)
    return (jobs.get("judge", 0) + jobs.get("judge_baselines", 0)) * once


def transfer(config: Config, jobs: Mapping[str, int], costs: Costs) -> Work:
    """Quality models: features of all pictures, and with protocol finetune a training of the backbone in each fold."""
    own = config["transfer"]
    total = Work()
    for model in costs.plan.transfer.models():
        pictures = volume.rated(config, model["dataset"])
        share = 1.0
        if own["levels"] and "levels" in config["rated"][model["dataset"]]:
            share = len(own["levels"]) / len(config["rated"][model["dataset"]]["levels"])
        count, sides = share * pictures.count, 2 if model["mode"] == "fr" else 1
        step = costs.backbone(model["backbone"], own["crop"]).pixel * own["crop"] ** 2
        step = step.autocast() if own["protocol"] == "finetune" else step
        seen = CROPS * FORWARD * count * step
        total += seen + Work(overhead=PICTURE * count)
        if own["protocol"] == "finetune":
            splits = costs.plan.transfer.splits(model["dataset"])
            folds = splits.get("count", 1 if splits["kind"] == "official" else pictures.scenes)
            folds += FAMILIES * GROUPS if own["families"] and model["mode"] == "nr" else 0
            trained = own["steps"] * (own["batch"] * sides * step + Work(overhead=LAUNCHES)) + TESTED * sides * seen
            total += folds * len(own["learning_rates"]) * trained
    return total


STAGES = {
    "networks": networks,
    "assessment": assessment,
    "optimization": optimization,
    "judgement": judgement,
    "transfer": transfer,
}
