"""What the grids of a config ask for, with all that it is made from: definitions that nothing asks for cost nothing."""

from functools import cached_property

from asymmetry.plan.definitions import NONE, Config, Definitions
from asymmetry.plan.grid import Grid

Pair = tuple[str, str]


class Used(Definitions):
    """Names of the definitions that a run uses."""

    def __init__(self, config: Config, grid: Grid) -> None:
        super().__init__(config)
        self.grid = grid

    @cached_property
    def trainings(self) -> set[Pair]:
        """Objective and discriminator of every training, those for an initialisation alone included."""
        found = {(cell.objective, cell.discriminator) for cell in self.grid.cells}
        kinds = self.config["initialisations"]
        while True:
            sources = [kinds[name] for _, name in self._initialised(found) if kinds[name]["kind"] == "discriminator"]
            more = {(own["objective"], own["discriminator"]) for own in sources} - found
            if not more:
                return found
            found |= more

    @cached_property
    def initialised(self) -> set[Pair]:
        """Backbone and initialisation of every metric, discriminator and quality model."""
        return self._initialised(self.trainings)

    @cached_property
    def metrics(self) -> set[str]:
        """Metrics that assess or are losses."""
        return self._metrics(self.trainings)

    @cached_property
    def rated(self) -> set[str]:
        """Rated datasets that are assessed, learned from, or fitted on."""
        own, metrics = self.config, self.config["metrics"]
        found = {*own["assessment"]["datasets"], *own["assessment"]["pairs"], *own["transfer"]["datasets"]}
        found |= {judge["rated"] for judge in self._judges() if "rated" in judge}
        return found | {metrics[name].get("channel_weights") for name in self.metrics} - {None}

    @cached_property
    def corpora(self) -> set[str]:
        """Corpora that are trained on, judged, fitted on, or distorted."""
        own = self.config
        found = {own["optimization"]["corpus"], own["judgement"]["corpus"]}
        sources = [*self._judges(), *(own["rated"][name] for name in self.rated)]
        sources += [own["initialisations"][name] for _, name in self.initialised]
        return found | {source["corpus"] for source in sources if "corpus" in source}

    @cached_property
    def datasets(self) -> list[str]:
        """Datasets of the catalogue among them, sorted."""
        own = [self.config["rated"][name] for name in self.rated]
        own += [self.config["corpora"][name] for name in self.corpora]
        return sorted({definition["dataset"] for definition in own if definition["object"] == "published"})

    def _metrics(self, trainings: set[Pair]) -> set[str]:
        losses = {self.config["objectives"][objective]["metric"] for objective, _ in trainings} - {None}
        return losses | set(self.config["assessment"]["metrics"])

    def _initialised(self, trainings: set[Pair]) -> set[Pair]:
        opponents = {discriminator for _, discriminator in trainings} - {NONE}
        definitions = [self.config["metrics"][name] for name in self._metrics(trainings)]
        definitions += [self.config["discriminators"][name] for name in opponents]
        found = {(own["backbone"], own["initialisation"]) for own in definitions if "backbone" in own}
        arms = self.config["transfer"]["arms"]
        return found | {(arm["backbone"], name) for arm in arms for name in arm["initialisations"]}

    def _judges(self) -> list[Config]:
        return [self.config["judges"][name].get("fitted_on", {}) for name in self.config["judgement"]["judges"]]
