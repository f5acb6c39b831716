import copy
import subprocess
import sys

import pytest
import yaml
from configured import BASE, REMOVED, SCHEMA, changed, load, message
from snakemake.utils import update_config

from asymmetry import configuration

PRESETS = sorted((BASE / "presets").glob("*.yaml"))


@pytest.fixture
def config():
    return load(BASE / "config.yaml")


def test_the_shipped_configuration_is_valid(config):
    configuration.check(config, SCHEMA)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_presets_are_valid(config, preset):
    update_config(config, load(preset))
    configuration.check(config, SCHEMA)
    laid_over_another = preset.stem == "pyiqa"
    assert laid_over_another or config["results"] != "results", "a preset has a folder of its own"


def test_there_is_a_smoke_preset():
    assert "smoke" in {path.stem for path in PRESETS}


BROKEN = {
    "misspelt top key": ({"divice": "cpu"}, ["the top level: unknown key 'divice'. Did you mean 'device'?", "results"]),
    "misspelt key": (
        {"optimization__stepz": 3},
        ["optimization: unknown key 'stepz'. Did you mean 'steps'?", "learning_rate"],
    ),
    "misspelt key of a definition": (
        {"metrics__psnr__objekt": "psnr"},
        ["metrics.psnr: unknown key 'objekt'. Did you mean 'object'?"],
    ),
    "missing key": ({"optimization__steps": REMOVED}, ["optimization: 'steps' is a required property"]),
    "missing section": ({"judgement": REMOVED}, ["the top level: 'judgement' is a required property"]),
    "device": ({"device": "gpu"}, ["device: unknown value 'gpu'", "cpu, cuda, mps"]),
    "wrong type": ({"optimization__steps": "many"}, ["optimization.steps: 'many' is not of type 'integer'", "from 1"]),
    "no level": ({"transfer__levels": []}, ["transfer.levels: [] is not valid", "from 0 to 5"]),
    "half a step": ({"pretraining__steps": 1.5}, ["pretraining.steps: 1.5 is not of type 'integer'"]),
    "text that looks like a number": (
        {"pretraining__learning_rate": "1e-3"},
        ["pretraining.learning_rate: '1e-3' is not of type 'number'", "learning rate", "a point and a sign: 1.0e-4"],
    ),
    "no steps": ({"optimization__steps": 0}, ["optimization.steps: 0 is less than the minimum of 1"]),
    "learning rate": ({"optimization__learning_rate": 2}, ["optimization.learning_rate: 2 is greater than", "1"]),
    "weight too large": (
        {"optimization__cells__0__weights": [0.1, 1e4]},
        ["optimization.cells.0.weights.1: 10000.0 is greater than the maximum of 1000", "adversarial"],
    ),
    "weight zero": ({"optimization__cells__0__weights": [0]}, ["optimization.cells.0.weights.0: 0 is less than"]),
    "negative weight": ({"optimization__cells__0__weights": [-1]}, ["optimization.cells.0.weights.0: -1 is less than"]),
    "a seed twice": ({"optimization__cells__0__seeds": [1, 1]}, ["optimization.cells.0.seeds: [1, 1] has non-unique"]),
    "no seeds": ({"transfer__seeds": []}, ["transfer.seeds: []"]),
    "name": (
        {"metrics__My_Metric": {"object": "psnr"}},
        ["metrics: 'My_Metric' is no name (lower-case words joined by hyphens)"],
    ),
    "a discriminator named none": (
        {"discriminators__none": {"object": "a.b:C", "loss": "bce", "r1": 0, "learning_rate": 1e-4}},
        ["discriminators: 'none'"],
    ),
    "adversarial loss": (
        {"discriminators__patch-vgg__loss": "wgan"},
        ["discriminators.patch-vgg.loss: unknown value 'wgan'", "bce, hinge, lsgan, ragan"],
    ),
    "kappa": ({"objectives__rec-mdsi__kappa": 0}, ["objectives.rec-mdsi.kappa", "raw"]),
    "resize": ({"metrics__psnr__resize": 128}, ["metrics.psnr.resize: unknown value 128", "256, none"]),
    "unknown backbone object": (
        {"backbones__vgg__object": "narow-vgg"},
        ["backbones.vgg.object: unknown object in backbones 'narow-vgg'. Did you mean 'narrow-vgg'?", "dinov2-vits14"],
    ),
    "unknown backbone of a metric": (
        {"metrics__dists-vgg-random__backbone": "vgk"},
        ["metrics.dists-vgg-random.backbone: unknown backbone 'vgk'. Did you mean 'vgg'?", "convnext"],
    ),
    "unknown backbone of a discriminator": (
        {"discriminators__patch-vgg__backbone": "vvit"},
        ["discriminators.patch-vgg.backbone: unknown backbone 'vvit'. Did you mean 'vit'?"],
    ),
    "unknown metric object": (
        {"metrics__psnr__object": "psnrr"},
        ["metrics.psnr.object: unknown object in metrics 'psnrr'. Did you mean 'psnr'?", "haarpsi"],
    ),
    "unknown generator object": (
        {"generators__swinir-small__object": "swin"},
        ["generators.swinir-small.object: unknown object in generators 'swin'", "swinir"],
    ),
    "unknown judge object": (
        {"judges__kid__object": "kidd"},
        ["judges.kid.object: unknown object in judges 'kidd'. Did you mean 'kid'?", "niqe"],
    ),
    "unknown object of a discriminator": (
        {"discriminators__own": {"object": "mine", "loss": "bce", "r1": 0, "learning_rate": 1e-4}},
        ["discriminators.own.object: unknown object in discriminators 'mine'", "package.module:Class"],
    ),
    "a module that is not there": (
        {"metrics__mae__object": "sharpnes.metric:Sharpness"},
        ["metrics.mae.object: there is no module 'sharpnes.metric' to import", "PYTHONPATH"],
    ),
    "a module that is not in its package": (
        {"metrics__mae__object": "piq.sharpness.Sharpness"},
        ["metrics.mae.object: there is no module 'piq.sharpness' to import"],
    ),
    "unknown initialisation": (
        {"discriminators__patch-vgg__initialisation": "ramdom"},
        ["discriminators.patch-vgg.initialisation: unknown initialisation 'ramdom'. Did you mean 'random'?"],
    ),
    "unknown metric of an objective": (
        {"objectives__rec-mdsi__metric": "msdi"},
        ["objectives.rec-mdsi.metric: unknown metric 'msdi'. Did you mean 'mdsi'?"],
    ),
    "unknown metric": (
        {"assessment__metrics": ["psnr", "pnsr"]},
        ["assessment.metrics: unknown metric 'pnsr'. Did you mean 'psnr'?"],
    ),
    "unknown dataset": ({"assessment__datasets": ["kadid"]}, ["assessment.datasets: unknown rated dataset 'kadid'"]),
    "unknown objective": (
        {"optimization__cells__1__objectives": ["perc-haarps"]},
        ["optimization.cells.1.objectives: unknown objective 'perc-haarps'. Did you mean 'perc-haarpsi'?"],
    ),
    "unknown discriminator": (
        {"optimization__cells__0__discriminators": ["non"]},
        ["optimization.cells.0.discriminators: unknown discriminator 'non'. Did you mean 'none'?", "vanilla-vit"],
    ),
    "unknown judge": ({"judgement__judges": ["nique"]}, ["judgement.judges: unknown judge 'nique'", "'niqe'"]),
    "unknown judge of fidelity": (
        {"advice__fidelity": "psnr"},
        ["advice.fidelity: unknown judge 'psnr'. Did you mean 'psnr-y'?"],
    ),
    "a judge of fidelity that is not asked": (
        {"judgement__judges": ["ssim", "niqe"]},
        ["advice.fidelity: psnr-y is not in judgement.judges (ssim, niqe)."],
    ),
    "weights of unknown data": (
        {
            "initialisations__mine": {
                "kind": "file",
                "path": "w.npz",
                "preprocessing": {"channels": "rgb", "range": 1, "mean": [0, 0, 0], "std": [1, 1, 1]},
            }
        },
        ["initialisations.mine: file needs pretrained_on."],
    ),
    "unknown corpus": ({"judgement__corpus": "scene"}, ["judgement.corpus: unknown corpus 'scene'", "'scenes'"]),
    "unknown corpus of a judge": (
        {"judges__niqe__fitted_on__corpus": "scene"},
        ["judges.niqe.fitted_on.corpus: unknown corpus 'scene'"],
    ),
    "unknown arm": (
        {"transfer__arms": [{"backbone": "vgg", "initialisations": ["randm"]}]},
        ["transfer.arms.0.initialisations: unknown initialisation 'randm'. Did you mean 'random'?"],
    ),
    "unknown backbone of an arm": (
        {"transfer__arms": [{"backbone": "vg", "initialisations": ["random"]}]},
        ["transfer.arms.0.backbone: unknown backbone 'vg'"],
    ),
    "unknown objective of a figure": (
        {"figures__fig7__objective": "haarpsi"},
        ["figures.fig7.objective: unknown objective 'haarpsi'", "rec-haarpsi"],
    ),
    "key of another kind": (
        {"corpora__scenes__images": 3},
        ["corpora.scenes: unknown key of scenes 'images'", "Known: size"],
    ),
    "key that the kind needs": ({"corpora__scenes__size": REMOVED}, ["corpora.scenes: scenes needs size"]),
    "initialisation without steps": (
        {"initialisations__procedural__steps": REMOVED},
        ["initialisations.procedural: pretraining needs steps"],
    ),
    "half a deep metric": (
        {"metrics__dists-vgg-random__initialisation": REMOVED},
        ["metrics.dists-vgg-random: backbone and initialisation come together"],
    ),
    "half a discriminator": (
        {"discriminators__patch-vgg__head": REMOVED},
        ["discriminators.patch-vgg: needs head, or your own `object`"],
    ),
    "assessment-only metric as loss": (
        {"objectives__rec-mdsi__metric": "constant"},
        ["objectives.rec-mdsi: constant is for assessment only", "haarpsi"],
    ),
    "metric too large for the crop": (
        {"objectives__rec-mdsi__metric": "ms-ssim"},
        ["objectives.rec-mdsi: the metric ms-ssim needs 161 pixels a side, optimization.crop is 64; enlarge that"],
    ),
    "deep metric too large for the crop": (
        {
            "backbones__vgg__object": "resnet-50",
            "metrics__dists-vgg-random__pooling": "max",
            "metrics__dists-vgg-procedural__pooling": "max",
            "metrics__dists-vgg-random-1__pooling": "max",
            "assessment__metrics": ["mae", "haarpsi"],
            "optimization__cells": [
                {
                    "objectives": ["rec", "rec-haarpsi", "rec-dists-vgg-random"],
                    "discriminators": ["none", "patch-vgg"],
                    "weights": [0.1],
                    "seeds": [0],
                }
            ],
        },
        ["objectives.rec-dists-vgg-random: the metric dists-vgg-random needs 128 pixels a side", "or take another"],
    ),
    "DISTS as published, too large for the crop": (
        {
            "objectives__rec-mdsi__metric": "official",
            "metrics__official": {"object": "dists-official"},
            "optimization__crop": 32,
            "transfer__arms": [{"backbone": "vgg", "initialisations": ["random"]}],
            "optimization__cells": [
                {
                    "objectives": ["rec", "rec-haarpsi", "rec-mdsi"],
                    "discriminators": ["none"],
                    "weights": [],
                    "seeds": [0],
                }
            ],
        },
        ["objectives.rec-mdsi: the metric official needs 64 pixels a side, optimization.crop is 32"],
    ),
    "too few logits": (
        {
            "backbones__vgg__object": "clip-vit-b16",
            "metrics__dists-vgg-random__pooling": "max",
            "metrics__dists-vgg-procedural__pooling": "max",
            "metrics__dists-vgg-random-1__pooling": "max",
        },
        ["discriminators.patch-vgg: a patch head on vgg needs 128 pixels a side, optimization.crop is 64"],
    ),
    "metric too large for the pictures": (
        {"rated__embedded__size": 150},
        ["assessment.metrics: the metric ms-ssim needs 161 pixels a side, rated.embedded.size is 150"],
    ),
    "judge too large for the pictures": (
        {"corpora__scenes__size": 60, "figures__qualitative__crop": 32},
        ["judgement.judges: the judge niqe needs 64 pixels a side, pictures of corpora.scenes have 60"],
    ),
    "crop larger than the generated pictures": (
        {"corpora__training__procedural_size": 48, "pretraining__crop": 32},
        ["optimization.crop: the crop needs 64 pixels a side, pictures of corpora.training have 48"],
    ),
    "crop of the figure": (
        {"figures__qualitative__crop": 300},
        ["figures.qualitative.crop: the crop needs 300 pixels a side, pictures of corpora.scenes have 256"],
    ),
    "crop of quality models": (
        {"transfer__crop": 200},
        ["transfer.crop: the crop needs 200 pixels a side, rated.embedded.size is 192"],
    ),
    "crop too small for a backbone": (
        {"transfer__crop": 12},
        ["transfer.arms.0: the backbone vgg needs 16 pixels a side, transfer.crop is 12"],
    ),
    "crop of a backbone's pretraining": (
        {"initialisations__procedural__crop": 97},
        ["initialisations.procedural.crop: the crop needs 97 pixels a side, pictures of corpora.procedural have 96"],
    ),
    "pooling of another network": (
        {"metrics__dists-vit-procedural__pooling": "l2"},
        ["metrics.dists-vit-procedural.pooling: narrow-vit has no l2 pooling, only narrow-vgg, vgg-16; set it to max"],
    ),
    "pooling without a backbone": (
        {"metrics__psnr__pooling": "l2"},
        ["metrics.psnr.pooling: belongs to a metric with a backbone; leave it out"],
    ),
    "unknown scene of a figure": (
        {"figures__qualitative__scenes": ["chelsea", "chinna"]},
        ["figures.qualitative.scenes: unknown scene of scenes 'chinna'. Did you mean 'china'?", "astronaut"],
    ),
    "unknown scene of a rated set": (
        {"rated__embedded__scenes": ["roket", "coffee", "china"]},
        ["rated.embedded.scenes: unknown scene of scenes 'roket'. Did you mean 'rocket'?"],
    ),
    "nothing to minimise": ({"objectives__rec__reconstruction": 0}, ["objectives.rec: nothing to minimise", "metric"]),
    "crop": ({"optimization__crop": 66}, ["optimization.crop: 66 is no multiple of the scale 4"]),
    "crop of the pretraining": ({"pretraining__crop": 63}, ["pretraining.crop: 63 is no multiple of the scale 4"]),
    "judged on what is trained on": ({"judgement__corpus": "training"}, ["judgement.corpus: training is trained on"]),
    "trained on what is judged": ({"optimization__corpus": "scenes"}, ["judgement.corpus: scenes is trained on"]),
    "pretrained on what is judged": (
        {"initialisations__procedural__corpus": "scenes"},
        ["judgement.corpus: scenes is trained on"],
    ),
    "misspelt distortion": (
        {"rated__embedded__distortions": ["gaussian-blurr"]},
        ["rated.embedded.distortions.0", "Did you mean 'gaussian-blur'"],
    ),
    "a weight that is no number": (
        {
            "optimization__cells": [
                {"objectives": ["rec"], "discriminators": ["patch-vgg"], "weights": [float("nan")], "seeds": [0]}
            ]
        },
        ["optimization.cells.0.weights.0: nan is no finite number"],
    ),
    "discriminators without a weight": (
        {
            "optimization__cells": [
                {
                    "objectives": ["rec-haarpsi", "rec-dists-vgg-random", "rec"],
                    "discriminators": ["none", "patch-vgg"],
                    "weights": [],
                    "seeds": [0],
                }
            ]
        },
        ["optimization.cells.0.weights: none given"],
    ),
    "nothing that is metric and loss": (
        {"assessment__metrics": ["psnr", "ssim"]},
        ["assessment.metrics: none of them is a loss"],
    ),
    "quality models tested on what is trained on": (
        {"transfer__datasets": ["fitting"]},
        ["transfer.datasets: fitting shows pictures of training"],
    ),
    "random splits without a number": (
        {"transfer__splits": {"kind": "random"}},
        ["transfer.splits: kind random needs a count"],
    ),
    "random splits of a dataset without a number": (
        {"transfer__dataset_splits": {"textures": {"kind": "random"}}},
        ["transfer.dataset_splits.textures: kind random needs a count"],
    ),
    "splits of an unknown dataset": (
        {"transfer__dataset_splits": {"koniq": {"kind": "official"}}},
        ["transfer.dataset_splits: unknown rated dataset 'koniq'", "embedded"],
    ),
    "an official split that is not there": (
        {"transfer__dataset_splits": {"embedded": {"kind": "official"}}},
        ["transfer.splits: embedded has no official split, only koniq-10k, flive; set dataset_splits.embedded"],
    ),
    "a fold for each of ten thousand pictures": (
        {
            "rated__spaq": {"object": "published", "mode": "nr", "dataset": "spaq"},
            "transfer__datasets": ["embedded", "spaq"],
        },
        ["transfer.splits: each picture of spaq is a scene of its own; set dataset_splits.spaq to random"],
    ),
    "metrics without references": (
        {"rated__embedded__mode": "nr"},
        ["assessment.datasets: embedded has no references"],
    ),
    "arm of another backbone": (
        {"transfer__arms": [{"backbone": "vit", "initialisations": ["gan-patch-vgg"]}]},
        ["transfer.arms.0: gan-patch-vgg comes from a discriminator with backbone vgg"],
    ),
    "figure without its sweep": (
        {"objectives__new": {"reconstruction": 1, "metric": None, "kappa": 1}, "figures__fig7__objective": "new"},
        ["figures.fig7.objective: new is not in optimization.cells (perc-haarpsi, rec, rec-dists-vgg-procedural, "],
    ),
    "pictures of no training": (
        {"figures__qualitative__weight": 0.3, "figures__qualitative__discriminators": ["patch-vgg", "vanilla-vgg"]},
        [
            "figures.qualitative: optimization.cells has none of its objectives (rec, rec-haarpsi, ",
            "any of its discriminators (patch-vgg, vanilla-vgg) at weight 0.3, only objectives perc-haarpsi, rec, ",
            "discriminators none, patch-vgg, patch-vit, vanilla-vgg, vanilla-vit; weights 0, 0.",
        ],
    ),
    "path that a shell would run in part": (
        {"corpora__mine": {"object": "folder", "path": ["it's mine", "$(touch it)"]}},
        ["corpora.mine.path.1: '$(touch it)' has a character that Snakemake or a shell misreads"],
    ),
    "home folder": (
        {"downloads__folder": "~/data"},
        ["downloads.folder: '~/data': ~ is not replaced by your home folder here; write the whole path"],
    ),
    "levels that a rated set lacks": (
        {"rated__embedded__levels": [1, 3, 5], "transfer__levels": [2, 4]},
        ["transfer.levels: 2, 4 leaves nothing of embedded, which has the levels 1, 3, 5"],
    ),
    "ratings that are not there": (
        {
            "rated__mine": {"object": "csv", "mode": "fr", "path": "no.csv", "higher_is_better": True},
            "assessment__datasets": ["mine"],
        },
        ["rated.mine.path: no.csv is no file. Hint: a path starts where snakemake is started"],
    ),
    "weights that are not there": (
        {"generators__swinir-small__weights": "no.pth"},
        ["generators.swinir-small.weights: no.pth is no file."],
    ),
    "path with a wildcard of Snakemake": (
        {"rated__mine": {"object": "csv", "mode": "nr", "path": "my{own}.csv", "higher_is_better": True}},
        ["rated.mine.path: 'my{own}.csv' has a character that Snakemake or a shell misreads"],
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_configurations(config, case):
    changes, expected = BROKEN[case]
    found = message(changed(config, **changes))
    lines = found.splitlines()
    assert lines[0] == "the configuration is not valid:"
    assert len(lines) == 2, "one mistake, one line"
    for part in expected:
        assert part in lines[1]


def test_all_mistakes_come_at_once(config):
    found = message(changed(config, device="gpu", seed=-1, optimization__stepz=3))
    assert len(found.splitlines()) == 4
    for place in ("device", "seed", "optimization"):
        assert f"- {place}: " in found


def test_an_empty_configuration():
    assert "is a required property" in message({})


def test_checking_changes_nothing(config):
    before = copy.deepcopy(config)
    configuration.check(config, SCHEMA)
    assert config == before


def test_the_snakefile_imports_nothing_heavy():
    code = (
        "import sys; from asymmetry import configuration, digest, plan;"
        "digest.of('optimize.py', [('metrics', 'psnr')]);"
        "print(sorted({'torch', 'numpy', 'pandas', 'scipy', 'PIL'} & set(sys.modules)))"
    )
    environment = {"PYTHONPATH": str(BASE / "workflow_scripts")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_schema_names_all_distortions():
    from asymmetry.distortions import TYPES

    assert yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))["$defs"]["distortion"]["enum"] == list(TYPES)
