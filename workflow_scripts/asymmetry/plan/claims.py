"""What the claims compare: compositions, discriminators and quality models that differ in one thing."""

from collections import Counter
from itertools import permutations
from typing import Any

from asymmetry import registry
from asymmetry.plan.analysis import Analysis
from asymmetry.plan.definitions import NONE, Config, Definitions
from asymmetry.plan.grid import Grid
from asymmetry.plan.judgement import Judgement
from asymmetry.plan.transfer import Transfer

PRIMARY = (0, 1)  # factors of the reconstruction term that a composition may have
Facts = dict[str, Any]


class Claims(Definitions):
    """Plain facts of a run's definitions, for `analysis.claims`."""

    def __init__(self, config: Config, grid: Grid, analysis: Analysis, transfer: Transfer) -> None:
        super().__init__(config)
        self.grid = grid
        self.analysis = analysis
        self.judgement = Judgement(config)
        self.transfer = transfer

    def facts(self) -> Facts:
        """What the claims need to know of the config and the registry; see each method."""
        return {
            "losses": self.analysis.losses(),
            "settings": self.analysis.settings(),
            "weight": self.reference_weight(),
            "compositions": self.compositions(),
            "heads": self.heads(),
            "architectures": self.architectures(),
            "sweep": self.config["figures"]["fig7"]["objective"],
            "random_metrics": self.random_metrics(),
            "lpips": [name for name, judge in self._judges() if judge.startswith("lpips")],
            "shared_opinions": self.shared_opinions(),
            "initialisations": {name: own["kind"] for name, own in self.config["initialisations"].items()},
            "pretrained_on": self.pretrained_on(),
            "starts": self.starts(),
            "backbones": {model["backbone"]: self.architecture(model["backbone"]) for model in self.transfer.models()},
            "synthetic": self.synthetic(),
        }

    def reference_weight(self) -> float | None:
        """The adversarial weight that most cells share, of several the smallest; None without a discriminator."""
        counts = Counter(float(cell.weight) for cell in self.grid.cells if cell.discriminator != NONE)
        return min(counts, key=lambda weight: (-counts[weight], weight), default=None)

    def compositions(self) -> dict[str, dict[str, str]]:
        """Objective -> `kind` (rec, perc or rec+perc) and `metric`; of the grid, at the primary scale (kappa 1)."""
        found = {}
        for name in sorted({cell.objective for cell in self.grid.cells}):
            own = self.config["objectives"][name]
            if own["metric"] is None:
                found[name] = {"kind": "rec", "metric": ""}
            elif own["kappa"] == 1 and own["reconstruction"] in PRIMARY:
                found[name] = {"kind": "rec+perc" if own["reconstruction"] else "perc", "metric": own["metric"]}
        return found

    def heads(self) -> list[dict[str, str]]:
        """Pairs of discriminators of one definition but the head: `first` patch, `second` vanilla, `group` backbone."""
        own = self.config["discriminators"]
        return [
            {"group": own[first]["backbone"], "first": first, "second": second}
            for first, second in self._twins("head")
            if (own[first]["head"], own[second]["head"]) == ("patch", "vanilla")
        ]

    def architectures(self) -> list[dict[str, str]]:
        """Pairs of one definition but the backbone: `first` convolutional, `second` a Transformer, `group` the rate."""
        own = self.config["discriminators"]
        kinds = ("convolution", "attention")
        return [
            {"group": f"learning rate {own[first]['learning_rate']:g}", "first": first, "second": second}
            for first, second in self._twins("backbone")
            if (self.architecture(own[first]["backbone"]), self.architecture(own[second]["backbone"])) == kinds
        ]

    def architecture(self, backbone: str) -> str:
        """`convolution` or `attention`, as the registry says; empty for a backbone of the user's own."""
        return registry.entry(*self.entry("backbones", backbone)).architecture

    def random_metrics(self) -> list[str]:
        """Assessed metrics of the DISTS form on random weights."""
        kinds = self.config["initialisations"]
        metrics = {name: self.config["metrics"][name] for name in self.config["assessment"]["metrics"]}
        forms = {name: own for name, own in metrics.items() if own["object"] == "dists"}
        return [name for name, own in forms.items() if kinds[own["initialisation"]]["kind"] == "random"]

    def shared_opinions(self) -> dict[str, list[str]]:
        """Judge -> assessed datasets that it was trained on, of the judges that were trained on any."""
        genuine, assessed = self.analysis.pictures.catalogued(), self.config["assessment"]["datasets"]
        found = {}
        for name, facts in self.judgement.standing().items():
            seen = {genuine.get(data, data) for data in facts["trained_on"]}
            found[name] = [data for data in assessed if genuine.get(data, data) in seen]
        return {name: shared for name, shared in found.items() if shared}

    def pretrained_on(self) -> dict[str, dict[str, str]]:
        """Backbone -> initialisation -> data, of quality models from published weights or from a file."""
        found: dict[str, dict[str, str]] = {}
        for model in self.transfer.models():
            own = self.config["initialisations"][model["initialisation"]]
            if own["kind"] == "published":
                data = registry.entry(*self.entry("backbones", model["backbone"])).pretrained_on
                found.setdefault(model["backbone"], {})[model["initialisation"]] = data
            elif own["kind"] == "file":
                found.setdefault(model["backbone"], {})[model["initialisation"]] = own["pretrained_on"]
        return found

    def starts(self) -> dict[str, str]:
        """Initialisation that a discriminator gave -> the initialisation which that discriminator started from."""
        own = self.config["initialisations"]
        used = {model["initialisation"] for model in self.transfer.models()}
        names = {name: own[name]["discriminator"] for name in sorted(used) if own[name]["kind"] == "discriminator"}
        return {name: self.config["discriminators"][d].get("initialisation", "its own") for name, d in names.items()}

    def synthetic(self) -> list[str]:
        """Datasets of the quality models whose distortions are synthetic: those with references."""
        return [name for name in self.config["transfer"]["datasets"] if self.config["rated"][name]["mode"] == "fr"]

    def provenance(self) -> dict[str, str]:
        """Discriminator -> the record of one training with it, which knows its size."""
        first = {cell.discriminator: cell for cell in reversed(self.grid.cells) if cell.discriminator != NONE}
        return {name: f"{self.grid.folder(cell)}/provenance.json" for name, cell in sorted(first.items())}

    def weights(self) -> dict[str, str]:
        """Backbone -> weights of a quality model's start, which tell its size."""
        starts = {model["backbone"]: model for model in reversed(self.transfer.models())}
        networks = self.grid.networks
        return {name: networks.weights(name, own["initialisation"], own["seed"]) for name, own in starts.items()}

    def swept(self) -> bool:
        """Whether some discriminator was trained at several weights."""
        return any(cell.discriminator != NONE for cell in self.grid.scopes["fig7"])

    def _used(self) -> list[str]:
        """Discriminators of the grid that are made from a backbone and a head."""
        used = sorted({cell.discriminator for cell in self.grid.cells} - {NONE})
        return [name for name in used if "backbone" in self.config["discriminators"][name]]

    def _twins(self, key: str) -> list[tuple[str, str]]:
        """Ordered pairs of discriminators whose definitions differ in `key` alone."""
        own = self.config["discriminators"]
        rest = {name: {k: v for k, v in own[name].items() if k != key} for name in self._used()}
        return [(a, b) for a, b in permutations(rest, 2) if rest[a] == rest[b]]

    def _judges(self) -> list[tuple[str, str]]:
        return [(name, self.config["judges"][name]["object"]) for name in self.config["judgement"]["judges"]]
