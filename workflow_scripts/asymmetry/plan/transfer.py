"""Quality models: their settings, and every model of a run."""

from itertools import product
from typing import Any

from asymmetry.plan.definitions import Config, Definitions


class Transfer(Definitions):
    """Backbones as quality models."""

    def settings(self, mode: str, dataset: str) -> dict[str, Any]:
        """Settings of a quality model; families of distortions are left out of no-reference models only."""
        own = self.config["transfer"]
        keys = ("protocol", "levels", "steps", "batch", "crop", "learning_rates")
        special = {"splits": self.splits(dataset), "families": own["families"] and mode == "nr"}
        return {key: own[key] for key in keys} | special

    def splits(self, dataset: str) -> Config:
        """How the scenes of a dataset are left out."""
        own = self.config["transfer"]
        return own.get("dataset_splits", {}).get(dataset, own["splits"])

    def models(self) -> list[dict[str, Any]]:
        """Every quality model, with the path of its predictions; datasets without references have nr models only."""
        own = self.config["transfer"]
        arms = [(arm["backbone"], init) for arm in own["arms"] for init in arm["initialisations"]]
        root = f"{self.results}/transfer"
        return [
            {
                "mode": mode,
                "dataset": dataset,
                "backbone": backbone,
                "initialisation": init,
                "seed": seed,
                "predictions": f"{root}/{mode}/{dataset}/{backbone}/{init}/seed-{seed}/predictions.csv",
            }
            for mode, dataset, (backbone, init), seed in product(own["modes"], own["datasets"], arms, own["seeds"])
            if mode == "nr" or self.config["rated"][dataset]["mode"] == "fr"
        ]

    def scale(self) -> str:
        """The setting of the quality models in a few words."""
        own = self.config["transfer"]
        levels = "all levels" if own["levels"] is None else f"levels {', '.join(map(str, own['levels']))}"
        return f"{own['protocol']}, {own['steps']} steps of {own['batch']} images, {levels} of distortion"
