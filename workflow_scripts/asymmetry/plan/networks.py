"""Backbones and the files of their weights."""

from typing import Any

from asymmetry.plan.definitions import Definitions, pattern

PRETRAINING = ("steps", "batch", "crop", "learning_rate", "degradations", "quality_weight")


class Networks(Definitions):
    """Backbones by name and initialisation."""

    def backbone(self, name: str) -> dict[str, Any]:
        """What a backbone is made from: its object and options."""
        definition = self.defined("backbones", name)
        return {"object": definition["object"], **definition.get("options", {})}

    def weights(self, backbone: str, initialisation: str, seed: int | str) -> str:
        """Weights of a backbone; only random ones and those of discriminators differ by seed."""
        kind = self.defined("initialisations", initialisation)["kind"]
        seed = seed if kind in ("random", "discriminator") else 0
        return f"{self.results}/backbones/{backbone}/{initialisation}/seed-{seed}.safetensors"

    def generator_pattern(self, published: bool) -> str:
        """Matches the generators that start from a file of published weights, or the others."""
        own = self.config["generators"].items()
        return pattern(name for name, definition in own if ("weights" in definition) == published)

    def pretraining(self, initialisation: str) -> dict[str, Any]:
        """Settings of a backbone's pretraining."""
        own = self.defined("initialisations", initialisation)
        return {key: own[key] for key in PRETRAINING}

    def initialisation_pattern(self, kind: str) -> str:
        """Matches the initialisations of one kind."""
        return pattern(name for name, own in self.config["initialisations"].items() if own["kind"] == kind)
