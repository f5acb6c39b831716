"""Metrics: their settings, their files, and what they have been fitted on."""

from typing import Any

from asymmetry.plan.definitions import Config, Definitions, Entries, Files
from asymmetry.plan.networks import Networks
from asymmetry.plan.pictures import Pictures

METRIC_SEED = 100  # apart from the seeds of the grid, which discriminators start from


class Metrics(Definitions):
    """Full-reference metrics, which assess and are losses."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.networks = Networks(config)
        self.pictures = Pictures(config)

    def settings(self, name: str) -> dict[str, Any]:
        """What a metric is made from, files apart (`metrics.create.load_metric`)."""
        definition = self.defined("metrics", name)
        settings = {
            "object": definition["object"],
            "options": definition.get("options", {}),
            "resize": str(definition.get("resize", "none")),
            "higher_is_better": definition.get("higher_is_better"),
        }
        if "backbone" in definition:
            pooling = definition.get("pooling", "max")
            settings["backbone"] = {**self.networks.backbone(definition["backbone"]), "pooling": pooling}
        return settings

    def backbone_files(self, name: str) -> Files:
        """The weights of a deep metric's backbone."""
        definition = self.defined("metrics", name)
        if "backbone" not in definition:
            return {}
        seed = definition.get("seed", METRIC_SEED)
        return {"backbone": self.networks.weights(definition["backbone"], definition["initialisation"], seed)}

    def files(self, name: str) -> Files:
        """The files that a metric is made from: its backbone's weights, its fitted channel weights."""
        files = self.backbone_files(name)
        if self.config["metrics"][name].get("channel_weights"):
            files["channel_weights"] = f"{self.results}/metrics/{name}/channel-weights.safetensors"
        return files

    def fitting_files(self, name: str) -> Files:
        """What the channel weights of a metric are fitted on."""
        return {
            "rated": self.pictures.rated(self.defined("metrics", name)["channel_weights"]),
            **self.backbone_files(name),
        }

    def entries(self, name: str) -> Entries:
        """The registry entries that a metric names."""
        backbone = self.defined("metrics", name).get("backbone")
        return [self.entry("metrics", name), *([self.entry("backbones", backbone)] if backbone else [])]
