"""What is compared with what: metrics on datasets, metrics with objectives, adversarial settings."""

from itertools import product
from typing import Any

from asymmetry import registry
from asymmetry.plan.definitions import NONE, Config, Definitions
from asymmetry.plan.grid import Grid

PUBLISHED_SCALE = 4  # of the published Y-PSNR


class Analysis(Definitions):
    """The comparisons of a run."""

    def __init__(self, config: Config, grid: Grid) -> None:
        super().__init__(config)
        self.cells = grid.cells
        self.pictures = grid.metrics.pictures

    def assessments(self) -> list[dict[str, str]]:
        """Every metric on every dataset, with the path of its table."""
        own = self.config["assessment"]
        return [
            {"dataset": dataset, "metric": metric, "assessment": f"{self.results}/assessment/{dataset}/{metric}.csv"}
            for dataset, metric in product(own["datasets"], own["metrics"])
            if self.config["metrics"][metric].get("channel_weights") != dataset
        ]

    def preferences(self) -> list[dict[str, str]]:
        """Every metric on every dataset of preferences, with the path of its table."""
        own = self.config["assessment"]
        return [
            {"dataset": dataset, "metric": metric, "preferences": f"{self.results}/preferences/{dataset}/{metric}.csv"}
            for dataset, metric in product(own["pairs"], own["metrics"])
        ]

    def trained_on(self) -> dict[str, list[str]]:
        """Rated datasets that each assessed metric has seen: by the registry, and by what the config says of it.

        A dataset of the catalogue counts as itself under whatever name the config gives it.
        """
        genuine = self.pictures.catalogued()
        found = {}
        for name in self.config["assessment"]["metrics"]:
            metric = self.config["metrics"][name]
            seen = {*registry.entry("metrics", metric["object"]).trained_on, *metric.get("trained_on", [])}
            seen |= {metric["channel_weights"]} if metric.get("channel_weights") else set()
            known = seen | {genuine[own] for own in seen if own in genuine}
            assessed = self.config["assessment"]["datasets"]
            found[name] = sorted(seen | {own for own in assessed if genuine.get(own, own) in known})
        return found

    def trained_with(self) -> dict[str, dict[str, list[str]]]:
        """Networks and data in the objectives and discriminators of the grid, by label, for `judges.independence`."""
        found = {}
        for name in sorted({cell.objective for cell in self.cells}):
            if metric := self.config["objectives"][name]["metric"]:
                found[f"objective {name}"] = self._metric_facts(self.config["metrics"][metric])
        for name in sorted({cell.discriminator for cell in self.cells} - {NONE}):
            found[f"discriminator {name}"] = self._network_facts(self.config["discriminators"][name])
        return found

    def _metric_facts(self, metric: Config) -> dict[str, list[str]]:
        facts, network = registry.entry("metrics", metric["object"]), self._network_facts(metric)
        fitted = [metric["channel_weights"]] if metric.get("channel_weights") else []
        return {
            "backbones": [*facts.backbones, *network["backbones"]],
            "trained_on": [*facts.trained_on, *metric.get("trained_on", []), *fitted, *network["trained_on"]],
        }

    def _network_facts(self, definition: Config) -> dict[str, list[str]]:
        """Of a metric's or discriminator's backbone; only weights made elsewhere have seen data of their own."""
        if "backbone" not in definition:
            return {"backbones": [], "trained_on": []}
        name = self.config["backbones"][definition["backbone"]]["object"]
        own = self.config["initialisations"][definition["initialisation"]]
        seen = {"published": registry.entry("backbones", name).trained_on, "file": (own.get("pretrained_on"),)}
        return {"backbones": [name], "trained_on": list(seen.get(own["kind"], ()))}

    def losses(self) -> dict[str, str]:
        """The objective of each assessed metric that is a loss in the grid beside L1 (kappa 1); L1 itself is `mae`."""
        assessed = self.config["assessment"]["metrics"]
        l1 = next((name for name in assessed if self.config["metrics"][name]["object"] == "mae"), None)
        found: dict[str, str] = {}
        for name in sorted({cell.objective for cell in self.cells}):
            objective = self.config["objectives"][name]
            metric = objective["metric"] or l1
            if metric in assessed and objective["reconstruction"] == 1 and objective["kappa"] == 1:
                found.setdefault(metric, name)
        return found

    def settings(self) -> list[dict[str, Any]]:
        """The adversarial settings (discriminator, weight) in which at least three of `losses` were trained."""
        objectives = set(self.losses().values())
        trained: dict[tuple[str, str], set[str]] = {}
        for cell in self.cells:
            if cell.objective in objectives:
                trained.setdefault((cell.discriminator, cell.weight), set()).add(cell.objective)
        wide = [setting for setting, found in trained.items() if len(found) >= min(3, len(objectives))]
        return [
            {"discriminator": discriminator, "weight": float(weight)}
            for discriminator, weight in sorted(wide, key=lambda setting: (setting[0] != NONE, *setting))
        ]

    def published_restorations(self) -> dict[str, Any]:
        """What published Y-PSNR can be compared with: see `analysis.reproduction.restorations`; empty if nothing can.

        The judged pictures must be a dataset of the catalogue, the task x4; a generator has the name of the registry
        entry whose published size it has.
        """
        own, task = self.config["optimization"], self.config["tasks"][self.config["optimization"]["task"]]
        judged = self.config["corpora"][self.config["judgement"]["corpus"]]
        judges = {name: self.config["judges"][name] for name in self.config["judgement"]["judges"]}
        asked = [name for name, judge in judges.items() if judge["object"] == "psnr-y" and not judge.get("options")]
        if judged["object"] != "published" or task["scale"] != PUBLISHED_SCALE or not asked:
            return {}
        generators = {"bicubic": "bicubic"} | self._published_size(self.config["generators"][own["generator"]])
        return {"generators": generators, "judges": asked, "dataset": judged["dataset"]}

    def _published_size(self, generator: Config) -> dict[str, str]:
        entry = registry.entry("generators", generator["object"])
        arguments = {**entry.arguments, **generator.get("options", {})}
        for name, facts in registry.table()["generators"].items():
            same = facts.factory == entry.factory and facts.arguments
            if same and all(arguments.get(key) == value for key, value in facts.arguments.items()):
                return {"pretrained": name}
        return {}

    def published_metrics(self) -> dict[str, str]:
        """The metrics that published figures can be compared with, as those name them; a resize makes it another."""
        found = {}
        for name, own in self.config["metrics"].items():
            if own["object"] == "dists-official" or str(own.get("resize", "none")) == "none":
                net = own.get("options", {}).get("net", "alex")
                found[name] = own["object"] if net == "alex" else f"{own['object']}-{net}"
        return found
