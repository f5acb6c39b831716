"""Judges: which are asked, their files, what they are fitted on."""

from asymmetry.plan.definitions import Config, Definitions, Entries, Files
from asymmetry.plan.pictures import Pictures


class Judgement(Definitions):
    """How trained generators are judged."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.pictures = Pictures(config)

    @property
    def judges(self) -> dict[str, Config]:
        """The judges that are asked, by name."""
        return {name: self.config["judges"][name] for name in self.config["judgement"]["judges"]}

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
