"""Judges: which are asked, their files, what they are fitted on and built on."""

from typing import Any

from asymmetry import registry
from asymmetry.plan.definitions import Config, Definitions, Entries, Files
from asymmetry.plan.pictures import Pictures


class Judgement(Definitions):
    """How trained generators are judged."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.pictures = Pictures(config)

    @property
    def judges(self) -> dict[str, Config]:
        """The judges that this library asks, by name."""
        return {name: own for name, own in self._asked().items() if not self._facts(own).external}

    @property
    def external(self) -> dict[str, dict[str, Any]]:
        """What the judges are made from that pyiqa asks, in a step of its own, by name."""
        found = {name: (own, self._facts(own)) for name, own in self._asked().items()}
        return {
            name: {**facts.arguments, **own.get("options", {})}
            for name, (own, facts) in found.items()
            if facts.external
        }

    def tables(self) -> list[str]:
        """Of each cell, the files of `plan.grid.FILES` that the analysis of judgements reads."""
        return ["judgement", *(["external"] if self.external else []), "provenance"]

    def baselines(self, folder: str) -> list[str]:
        """The tables of baselines in a generator's folder."""
        return [f"{folder}/baselines.csv", *([f"{folder}/external-baselines.csv"] if self.external else [])]

    def standing(self) -> dict[str, dict[str, list[str]]]:
        """The networks that each judge uses and the data that it has seen, for `judges.independence`."""
        found = {}
        for name, own in self._asked().items():
            facts, rated = self._facts(own), own.get("fitted_on", {}).get("rated")
            found[name] = {
                "backbones": [*facts.backbones, *own.get("backbones", [])],
                "trained_on": [*facts.trained_on, *own.get("trained_on", []), *([rated] if rated else [])],
            }
        return found

    def unit(self, judge: str) -> str:
        """The unit of a judge's values, empty where it has none or is not known."""
        return self._facts(self.defined("judges", judge)).unit

    def _asked(self) -> dict[str, Config]:
        return {name: self.config["judges"][name] for name in self.config["judgement"]["judges"]}

    def _facts(self, definition: Config) -> registry.Entry:
        return registry.entry("judges", definition["object"])

    def files(self) -> Files:
        """The files of those that are fitted."""
        fitted = [name for name, judge in self.judges.items() if "fitted_on" in judge]
        return {f"judge_{name}": f"{self.results}/judges/{name}.safetensors" for name in fitted}

    def fitted_on(self, judge: str) -> Files:
        """What a judge is fitted on: pristine pictures, and a rated dataset if it learns from scores."""
        sources = self.defined("judges", judge)["fitted_on"]
        rated = {"rated": self.pictures.rated(sources["rated"])} if "rated" in sources else {}
        return {"corpus": self.pictures.corpus(sources["corpus"])} | rated

    def entries(self) -> Entries:
        """Their registry entries."""
        return [("judges", judge["object"]) for judge in self.judges.values()]
