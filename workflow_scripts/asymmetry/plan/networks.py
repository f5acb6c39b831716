"""Backbones and the files of their weights."""

from typing import Any

from asymmetry.plan.definitions import Definitions


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

    def initialisations(self, kind: str) -> str:
        """A regular expression of the initialisations of one kind, which matches nothing where there is none."""
        return "|".join(name for name, own in self.config["initialisations"].items() if own["kind"] == kind) or "(?!)"
