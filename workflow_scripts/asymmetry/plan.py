"""What is to be run, and what each job needs: cells of the grid, files and settings by the names in a checked config.

The rules ask this module; it knows where results lie, and nothing of Snakemake. Light: no torch, pandas or numpy.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

from asymmetry import registry
from asymmetry.errors import UserError, unknown

Config = Mapping[str, Any]
Entries = list[tuple[str, str]]
Files = dict[str, Any]
NONE = "none"
METRIC_SEED = 100  # apart from the seeds of the grid, which discriminators start from
CELL = "{task}/{generator}/{objective}/{discriminator}/weight-{weight}/seed-{seed}"
LEVEL_MEANS = str(Path(__file__).parents[1] / "data" / "kadid10k_level_means.csv")
FILES = {"judgement": "judgement.csv", "provenance": "provenance.json", "history": "history.csv"}


def canonical(weight: float | str) -> str:
    """A weight as it stands in a path: plain decimal, no exponent, no trailing zeros (`0.005`, `0`, `1`)."""
    text = format(Decimal(str(weight)), "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def in_order(value: Any) -> Any:
    """The same value with the keys of all mappings sorted: a config means the same in whichever order it is written."""
    if isinstance(value, Mapping):
        return {key: in_order(value[key]) for key in sorted(value)}
    return [in_order(item) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True, order=True)
class Cell:
    """One training of the grid: names of the objective and discriminator, canonical weight, seed."""

    objective: str
    discriminator: str
    weight: str
    seed: int


def cells(config: Config) -> list[Cell]:
    """The union of the blocks in `optimization.cells`, sorted; `none` has weight 0 only."""
    found = set()
    for block in config["optimization"]["cells"]:
        for objective, discriminator, seed in product(block["objectives"], block["discriminators"], block["seeds"]):
            weights = [0] if discriminator == NONE else block["weights"]
            found |= {Cell(objective, discriminator, canonical(weight), seed) for weight in weights}
    return sorted(found)


def _seeds(swept: Iterable[Cell]) -> dict[tuple[str, str], set[int]]:
    seeds: dict[tuple[str, str], set[int]] = {}
    for cell in swept:
        seeds.setdefault((cell.discriminator, cell.weight), set()).add(cell.seed)
    return seeds


def _named_images(table: Path) -> list[str]:
    """The images that a rated table names and that are there; what is wrong with it is said when it is read."""
    try:
        text = table.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError):
        return []
    head = text.partition("\n")[0]
    rows = csv.DictReader(text.splitlines(), delimiter=max(",;\t|", key=head.count))
    named = {row.get(column) for row in rows for column in ("image", "reference")} - {None, ""}
    return sorted(str(path) for name in named if (path := table.parent / name).is_file())


class Plan:
    """Answers of one config, which `configuration.check` has passed."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.results = config["results"]
        self.cells = cells(config)
        optimization = config["optimization"]
        self.generator_folder = f"{self.results}/generators/{optimization['task']}/{optimization['generator']}"
        self.scopes = {"grid": self.cells, "fig7": self._swept()}

    def defined(self, section: str, name: str) -> Config:
        """A definition of the config; a name that is not there is a `UserError` that says which are."""
        if name not in self.config[section]:
            raise UserError(unknown(f"name in {section}", name, self.config[section]))
        return self.config[section][name]

    def entry(self, section: str, name: str) -> tuple[str, str]:
        """The registry entry of a definition: (kind, object)."""
        return section, self.defined(section, name)["object"]

    # --- pictures

    def corpus(self, name: str) -> str:
        """The manifest of a corpus."""
        return f"{self.results}/corpora/{name}/manifest.csv"

    def rated(self, name: str) -> str:
        """The manifest of a rated dataset."""
        return f"{self.results}/rated/{name}/manifest.csv"

    def rated_files(self, name: str) -> Files:
        """What a rated dataset is made from: a table of the user's own and its images, or a corpus and mean scores."""
        definition = self.defined("rated", name)
        if definition["object"] == "csv":
            return {"path": definition["path"], "images": _named_images(Path(definition["path"]))}
        corpus = {"corpus": self.corpus(definition["corpus"])} if "corpus" in definition else {}
        return {"level_means": LEVEL_MEANS, **corpus}

    def corpus_files(self, name: str) -> list[str]:
        """The pictures of a folder of the user's own, so that a change of them is seen; none for other corpora."""
        folder = Path(self.defined("corpora", name).get("path", ""))
        return sorted(map(str, folder.iterdir())) if folder.name and folder.is_dir() else []

    def rated_settings(self, name: str) -> dict[str, Any]:
        """Its options; only a table of the user's own is told whether it has references."""
        definition = self.defined("rated", name)
        files = {"corpus", "path"} if definition["object"] == "csv" else {"corpus", "path", "mode"}
        return {key: value for key, value in definition.items() if key not in files}

    # --- networks

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

    def source(self, initialisation: str, seed: str) -> str:
        """The trained discriminator whose backbone an initialisation takes over."""
        own = self.config["initialisations"][initialisation]
        cell = Cell(own["objective"], own["discriminator"], canonical(own["weight"]), int(seed))
        return f"{self.folder(cell)}/discriminator.safetensors"

    # --- metrics

    def metric(self, name: str) -> dict[str, Any]:
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
            settings["backbone"] = {**self.backbone(definition["backbone"]), "pooling": pooling}
        return settings

    def metric_backbone(self, name: str) -> Files:
        """The weights of a deep metric's backbone."""
        definition = self.defined("metrics", name)
        if "backbone" not in definition:
            return {}
        seed = definition.get("seed", METRIC_SEED)
        return {"backbone": self.weights(definition["backbone"], definition["initialisation"], seed)}

    def metric_files(self, name: str) -> Files:
        """The files that a metric is made from: its backbone's weights, its fitted channel weights."""
        files = self.metric_backbone(name)
        if self.config["metrics"][name].get("channel_weights"):
            files["channel_weights"] = f"{self.results}/metrics/{name}/channel-weights.safetensors"
        return files

    def fitting_files(self, name: str) -> Files:
        """What the channel weights of a metric are fitted on."""
        return {"rated": self.rated(self.defined("metrics", name)["channel_weights"]), **self.metric_backbone(name)}

    def metric_entries(self, name: str) -> Entries:
        """The registry entries that a metric names."""
        backbone = self.defined("metrics", name).get("backbone")
        return [self.entry("metrics", name), *([self.entry("backbones", backbone)] if backbone else [])]

    # --- optimization

    def folder(self, cell: Cell) -> str:
        """The folder of a cell of the grid."""
        optimization = self.config["optimization"]
        names = {"task": optimization["task"], "generator": optimization["generator"], **vars(cell)}
        return f"{self.results}/optimization/{CELL.format(**names)}"

    def objective(self, name: str) -> dict[str, Any]:
        """What an objective is made from, files apart."""
        settings = dict(self.defined("objectives", name))
        return settings | {"metric": settings["metric"] and self.metric(settings["metric"])}

    def objective_files(self, name: str) -> Files:
        """The files of an objective's metric, and its calibration."""
        objective = self.defined("objectives", name)
        if objective["metric"] is None:
            return {}
        files = {f"metric_{key}": file for key, file in self.metric_files(objective["metric"]).items()}
        if objective["kappa"] != "raw":
            files["calibration"] = f"{self.generator_folder}/calibration/{objective['metric']}.json"
        return files

    def discriminator(self, name: str) -> dict[str, Any]:
        """What a discriminator is made from, files apart."""
        settings = dict(self.defined("discriminators", name))
        if "backbone" in settings:
            settings["backbone"] = self.backbone(settings["backbone"])
            del settings["initialisation"]
        return settings

    def discriminator_files(self, name: str, seed: str) -> Files:
        """The weights that a discriminator starts from."""
        own = self.defined("discriminators", name)
        if "backbone" not in own:
            return {}
        return {"discriminator_backbone": self.weights(own["backbone"], own["initialisation"], seed)}

    def restoration_entries(self, task: str, generator: str) -> Entries:
        """The registry entries of a task and a generator."""
        return [self.entry("tasks", task), self.entry("generators", generator)]

    def cell_entries(self, task: str, generator: str, objective: str, discriminator: str = NONE) -> Entries:
        """The registry entries that a cell names."""
        entries = self.restoration_entries(task, generator)
        metric = self.defined("objectives", objective)["metric"]
        entries += self.metric_entries(metric) if metric else []
        if discriminator != NONE:
            own = self.defined("discriminators", discriminator)
            whole = "object" in own
            entries.append(("discriminators", own["object"]) if whole else self.entry("backbones", own["backbone"]))
        return entries

    # --- judgement

    @property
    def judges(self) -> dict[str, Config]:
        """The judges that are asked, by name."""
        return {name: self.config["judges"][name] for name in self.config["judgement"]["judges"]}

    def judge_files(self) -> Files:
        """The files of those that are fitted."""
        fitted = [name for name, judge in self.judges.items() if "fitted_on" in judge]
        return {f"judge_{name}": f"{self.results}/judges/{name}.safetensors" for name in fitted}

    def fitted_on(self, judge: str) -> Files:
        """What a judge is fitted on: pristine pictures, and a rated dataset if it learns from scores."""
        sources = self.defined("judges", judge)["fitted_on"]
        rated = {"rated": self.rated(sources["rated"])} if "rated" in sources else {}
        return {"corpus": self.corpus(sources["corpus"])} | rated

    def judge_entries(self) -> Entries:
        """Their registry entries."""
        return [("judges", judge["object"]) for judge in self.judges.values()]

    # --- transfer

    def transfer(self, mode: str) -> dict[str, Any]:
        """Settings of a quality model; families of distortions are left out of no-reference models only."""
        own = self.config["transfer"]
        keys = ("protocol", "splits", "levels", "steps", "batch", "crop", "learning_rates")
        return {key: own[key] for key in keys} | {"families": own["families"] and mode == "nr"}

    # --- analysis

    def _swept(self) -> list[Cell]:
        """The cells of figure 7: its objective alone, and with each discriminator that has several weights.

        Only seeds that all of them have: else a line would change its seeds from one weight to the next.
        """
        own = [cell for cell in self.cells if cell.objective == self.config["figures"]["fig7"]["objective"]]
        pairs = {(cell.discriminator, cell.weight) for cell in own}
        several = {name for name, _ in pairs if sum(other == name for other, _ in pairs) > 1}
        swept = [cell for cell in own if cell.discriminator in {NONE, *several}]
        common = set.intersection(*_seeds(swept).values()) if swept else set()
        return [cell for cell in swept if cell.seed in common]

    def listed(self, scope: Iterable[Cell], *files: str) -> list[dict[str, Any]]:
        """Cells as the analysis wants them: their names, and the paths of some of their files."""
        return [
            {
                **vars(cell),
                "weight": float(cell.weight),
                **{name: f"{self.folder(cell)}/{FILES[name]}" for name in files},
            }
            for cell in scope
        ]

    def assessments(self) -> list[dict[str, str]]:
        """Every metric on every dataset, with the path of its table."""
        own = self.config["assessment"]
        return [
            {"dataset": dataset, "metric": metric, "assessment": f"{self.results}/assessment/{dataset}/{metric}.csv"}
            for dataset, metric in product(own["datasets"], own["metrics"])
            if self.config["metrics"][metric].get("channel_weights") != dataset
        ]

    def transfers(self) -> list[dict[str, Any]]:
        """Every quality model, with the path of its predictions; datasets without references have nr models only."""
        own = self.config["transfer"]
        arms = [(backbone, init) for backbone, inits in own["arms"].items() for init in inits]
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

    def trained_on(self) -> dict[str, list[str]]:
        """Rated datasets that each assessed metric has seen: by the registry, and by what the config says of it."""
        found = {}
        for name in self.config["assessment"]["metrics"]:
            metric = self.config["metrics"][name]
            seen = {*registry.entry("metrics", metric["object"]).trained_on, *metric.get("trained_on", [])}
            found[name] = sorted(seen | {metric["channel_weights"]} if metric.get("channel_weights") else seen)
        return found

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

    # --- figures

    def transfer_scale(self) -> str:
        """The setting of the quality models in a few words."""
        own = self.config["transfer"]
        levels = "all levels" if own["levels"] is None else f"levels {', '.join(map(str, own['levels']))}"
        return f"{own['protocol']}, {own['steps']} steps of {own['batch']} images, {levels} of distortion"

    def scale(self) -> str:
        """The scale of a run in a few words, for the notes under figures and tables."""
        training = self.config["optimization"]
        return (
            f"{training['generator']}, {training['task']}, {training['steps']} steps of {training['batch']} crops of"
            f" {training['crop']} pixels after {self.config['pretraining']['steps']} L1 steps"
        )

    def pictured(self) -> list[Cell]:
        """The cells of the qualitative figure, at its weight and the first seed that each has."""
        figure = self.config["figures"]["qualitative"]
        weight = canonical(figure["weight"])
        shown = []
        for objective, discriminator in product(figure["objectives"], figure["discriminators"]):
            wanted = (objective, discriminator, "0" if discriminator == NONE else weight)
            shown += [cell for cell in self.cells if (cell.objective, cell.discriminator, cell.weight) == wanted][:1]
        return shown

    def panels(self) -> list[dict[str, str]]:
        """Its columns beside the reference: label, folder of pictures, scores; baselines share one table."""
        base = self.generator_folder
        baselines = [
            {"label": name, "images": f"{base}/baselines/{name}", "scores": f"{base}/baselines.csv", "output": name}
            for name in ("bicubic", "pretrained")
        ]
        return baselines + [
            {
                "label": f"{cell.objective} {'' if cell.discriminator == NONE else cell.discriminator}".strip(),
                "images": f"{self.folder(cell)}/outputs",
                "scores": f"{self.folder(cell)}/judgement.csv",
            }
            for cell in self.pictured()
        ]

    def panel_files(self) -> list[str]:
        """What it reads: folders of pictures, and tables of their scores."""
        own = [f"{self.folder(cell)}/{file}" for cell in self.pictured() for file in ("outputs", "judgement.csv")]
        return [f"{self.generator_folder}/baselines", f"{self.generator_folder}/baselines.csv", *own]
