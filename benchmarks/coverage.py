"""How often the 95 % intervals hold the truth, and the tests reject it (`python benchmarks/coverage.py`, ten minutes).

Prints the tables of docs/statistics.md; names of functions (`crossed indices`) run these alone. All data are simulated
with a known truth; every case is seeded by its name.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

import numpy as np
import pandas as pd
from scipy import stats

from asymmetry.analysis import asymmetry, comparison, inference, rankings, resampling
from asymmetry.analysis.claims.models import Models
from asymmetry.analysis.correlation import fisher_z, srcc
from asymmetry.analysis.transfer import shares
from asymmetry.compute import stable_seed

Limits = tuple[float, float]
IMAGES = 10


def report(name: str, repeats: int, one: Callable[[np.random.Generator], list[bool]], columns: list[str]) -> None:
    """Print the share of repeats in which each column was true, with its standard error."""
    start = time.perf_counter()
    generator = np.random.default_rng(stable_seed(name))
    shares = np.mean([one(generator) for _ in range(repeats)], axis=0)
    cells = " | ".join(f"{c} {100 * s:.1f}" for c, s in zip(columns, shares, strict=True))
    print(f"| {name} | {repeats} | {cells} |", f"<!-- {time.perf_counter() - start:.0f} s -->", flush=True)


def inside(limits: Limits, truth: float) -> bool:
    return bool(limits[0] <= truth <= limits[1])


def percentile(
    statistic: Callable[[np.ndarray], float], clusters: list[np.ndarray], generator, resamples=400
) -> Limits:
    count = len(clusters)
    draws = generator.integers(count, size=(resamples, count))
    return tuple(np.quantile([statistic(np.concatenate([clusters[k] for k in d])) for d in draws], [0.025, 0.975]))


def means() -> None:
    for shape, truth in (("normal", 0.0), ("lognormal", float(np.exp(0.5)))):
        for count in (5, 8, 15, 30, 50):

            def one(generator: np.random.Generator, shape=shape, count=count, truth=truth) -> list[bool]:
                values = getattr(generator, shape)(size=count)
                draws = values[generator.integers(count, size=(1000, count))].mean(axis=1)
                plain = np.quantile(draws, [0.025, 0.975])
                return [inside(plain, truth), inside(resampling.mean_interval(values), truth)]

            report(f"mean of {count} scenes, {shape}", 1000, one, ["percentile", "used"])


def pooled(generator: np.random.Generator, scenes: int) -> tuple[np.ndarray, np.ndarray]:
    """Opinions and qualities: each scene has noise of its own size and an offset of its own."""
    score = generator.normal(size=(scenes, IMAGES))
    noise = generator.uniform(0.3, 1.2, size=(scenes, 1)) * generator.normal(size=score.shape)
    return score.ravel(), (score + noise + 0.5 * generator.normal(size=(scenes, 1))).ravel()


def correlations() -> None:
    truth = float(fisher_z(srcc(*pooled(np.random.default_rng(0), 200_000))))
    for count in (8, 15, 30, 50):
        rows = list(np.arange(count * IMAGES).reshape(count, IMAGES))

        def one(generator: np.random.Generator, count=count, rows=rows) -> list[bool]:
            x, y = pooled(generator, count)

            def z(r: np.ndarray) -> float:
                return float(fisher_z(srcc(x[r], y[r])))

            naive = np.arctanh(inference.fisher_interval(srcc(x, y), len(x)))
            tried = percentile(z, rows, generator), resampling.interval(z, rows, 400), naive
            return [inside(limits, truth) for limits in tried]

        report(f"SRCC over images of {count} scenes", 400, one, ["percentile", "used", "Fisher on all images"])


def crossed() -> None:
    for kind, spreads in (("", (1, 0.5, 1)), (", no part of the seeds", (1, 0, 1)), (", strong seeds", (0.3, 1, 1))):
        for scenes, seeds in ((8, 2), (8, 3), (30, 3), (30, 5), (50, 5)):

            def one(generator: np.random.Generator, spreads=spreads, shape=(scenes, seeds)) -> list[bool]:
                sizes = (shape[0], 1), (1, shape[1]), shape
                values = sum(s * generator.normal(size=size) for s, size in zip(spreads, sizes, strict=True))
                alone = inference.cluster_means(values.mean(axis=1)).contrast(1)
                return [inside(alone.interval(), 0), inside(inference.mean(values).interval(), 0)]

            report(f"mean over {scenes} scenes, {seeds} seeds{kind}", 4000, one, ["scenes alone", "used"])


def ratios() -> None:
    for count in (8, 30):

        def one(generator: np.random.Generator, count=count) -> list[bool]:
            joint = inference.cluster_means(generator.normal([1.0, 2.0], 2.0, size=(count, 2)))
            return [inside(joint.ratio()[1:], 0.5)]

        report(f"ratio of means over {count} scenes (Fieller)", 4000, one, ["used"])


def simulated(generator, knows: np.ndarray, objectives: np.ndarray, scenes: int, seeds: int, noise: float):
    """Metrics that know as much as `knows` and whose true O is `objectives`."""
    score = generator.uniform(size=(scenes, IMAGES))
    offset = 0.5 * generator.normal(size=(len(knows), scenes, 1))
    quality = knows[:, None, None] * score + 0.3 * (generator.normal(size=(len(knows), scenes, IMAGES)) + offset)
    codes = np.repeat(np.arange(scenes), IMAGES)
    names = tuple(f"s{k:02d}" for k in range(scenes))
    metrics = tuple(f"m{k:02d}" for k in range(len(knows)))
    assessed = rankings.Assessed(
        names, {m: {"set": (q.ravel(), score.ravel(), codes)} for m, q in zip(metrics, quality, strict=True)}
    )
    trained = optimized(generator, objectives, scenes, seeds, (noise, noise / 3, noise))
    return assessed, asymmetry.Setting(trained, metrics)


def optimized(generator, true: np.ndarray, scenes: int, seeds: int, noise: tuple) -> rankings.Trained:
    """Objectives of O `true`, with noise of scenes, of seeds and of both together."""
    shapes = (len(true), scenes, 1), (len(true), 1, seeds), (len(true), scenes, seeds)
    values = true[:, None, None] + sum(n * generator.normal(size=s) for n, s in zip(noise, shapes, strict=True))
    names = tuple(f"m{k:02d}" for k in range(len(true))), tuple(f"s{k:02d}" for k in range(scenes))
    return rankings.Trained(*names, tuple(range(seeds)), values, np.zeros((len(true), seeds)))


def halves(trained: rankings.Trained, generator: np.random.Generator, splits: int = 20) -> float:
    """Spearman-Brown on halves that share neither scenes nor seeds: what was used before."""
    _, scenes, seeds = trained.values.shape
    found = []
    for _ in range(splits):
        parts = []
        for count in (scenes, seeds):
            order = generator.permutation(count)
            parts.append([np.isin(np.arange(count), half) for half in (order[: count // 2], order[count // 2 :])])
        pair = [trained.ranked(*chosen).to_numpy() for chosen in zip(*parts, strict=True)]
        found.append(srcc(*pair))
    half = max(float(np.mean(found)), -0.5)
    return 2 * half / (1 + half)


def over_variance(trained: rankings.Trained) -> float:
    """1 − error variance / variance over metrics."""
    spread = trained.values.mean(axis=(1, 2)).var(ddof=1)
    return float(max(1 - trained.variances().sum() / (2 * len(trained.values) * (len(trained.values) - 1)) / spread, 0))


def reliabilities() -> None:
    """Mean and standard deviation of estimates of the reliability of O, beside the true one."""
    print("| metrics, scenes, seeds, noise | true | halves | 1 − variances | used |\n|---|---|---|---|---|")
    kinds = {"residual": (0, 0, 1), "all": (1, 1 / 3, 1), "seeds": (0.3, 1, 1), "one exploded": (1, 1 / 3, 1)}
    for count in (5, 8, 12):
        for scenes, seeds in ((8, 2), (8, 3), (30, 3)):
            for kind, parts in kinds.items():
                true = np.linspace(-1, 1, count)
                true[0] -= 12 * (kind == "one exploded")
                sizes = (1 / scenes, 1 / seeds, 1 / (scenes * seeds))
                scale = 0.6 / np.sqrt(sum(p**2 * size for p, size in zip(parts, sizes, strict=True)))
                noise = [scale * part for part in parts]
                name = f"{count}, {scenes}, {seeds}, {kind}"
                generator = np.random.default_rng(stable_seed(name))
                actual, found = [], []
                for _ in range(200):
                    pair = [optimized(generator, true, scenes, seeds, noise) for _ in range(2)]
                    o = [trained.ranked().to_numpy() for trained in pair]
                    actual.append(srcc(*o))
                    used = rankings.reliability(o[0], pair[0].variances())
                    found.append((halves(pair[0], generator), over_variance(pair[0]), used))
                cells = zip(np.mean(found, axis=0), np.std(found, axis=0), strict=True)
                cells = " | ".join(f"{mean:.2f} ± {spread:.2f}" for mean, spread in cells)
                print(f"| {name} | {np.mean(actual):.2f} | {cells} |", flush=True)


def indices() -> None:
    knows = np.linspace(0.3, 1.2, 8)
    for order in (np.arange(8), np.array([2, 0, 4, 1, 7, 3, 5, 6]), np.array([3, 7, 1, 4, 6, 0, 2, 5])):
        truth = srcc(np.arange(8), order)
        for scenes, noise in ((8, 2.0), (8, 4.0), (30, 6.0)):
            values: list[tuple[float, float]] = []

            def one(
                generator: np.random.Generator, order=order, case=(scenes, noise), truth=truth, values=values
            ) -> list[bool]:
                assessed, setting = simulated(generator, knows, order.astype(float), case[0], 3, case[1])
                row = asymmetry.summary(assessed, setting, 60)
                kept = row["verdict"] == "estimate"
                if kept:
                    values.append((row["rho"], row["rho_corrected"]))
                raw = inside((row["rho_interval_low"], row["rho_interval_high"]), truth)
                fixed = inside((row["corrected_low"], row["corrected_high"]), truth)
                return [raw, fixed, kept, kept and not fixed]

            name = f"rho of 8 metrics, true {truth:.2f}, {scenes} scenes, 3 seeds, noise {noise:g}"
            report(name, 400, one, ["raw", "corrected", "reliable", "reliable and wrong"])
            raw, fixed = np.mean(values, axis=0)
            print(f"| mean rho of the reliable | {len(values)} | raw {raw:.2f}, corrected {fixed:.2f} |", flush=True)


def models() -> None:
    """Two quality models of equal worth; scenes matter where they are tested and where they are trained on."""
    for scenes, splits in ((8, 0), (20, 10)):

        def one(generator: np.random.Generator, scenes=scenes, splits=splits) -> list[bool]:
            held = round(scenes / 5)
            orders = [generator.permutation(scenes) for _ in range(splits)]
            folds = [(order[:held], order[2 * held :]) for order in orders]
            folds = folds or [([k], np.delete(np.arange(scenes), k)) for k in range(scenes)]
            tested, trained = generator.normal(size=(2, 2, scenes)) * 0.4
            parts = []
            for arm in range(2):
                for fold, (test, train) in enumerate(folds):
                    rows = np.repeat(test, IMAGES)
                    score = generator.uniform(size=len(rows))
                    knows = 1.2 + tested[arm, rows] + trained[arm, train].mean()
                    prediction = knows * score + 0.3 * generator.normal(size=len(rows))
                    facts = {"scene": rows, "fold": fold, "initialisation": str(arm)}
                    parts.append(pd.DataFrame(facts | {"score": score, "prediction": prediction}))
            frame = pd.concat(parts, ignore_index=True)
            frame = frame.assign(mode="fr", dataset="set", backbone="conv", protocol="scene", seed=0)
            weights = {("fr", "set", "conv", str(arm)): sign for arm, sign in enumerate((1.0, -1.0))}
            used = Models(frame, 60).combine(weights)
            alone = used.widened([1 / (1 + 1 / shares(frame)[1])])
            return [joint.contrast(1).p_value() < 0.05 for joint in (alone, used)]

        kind = f"{splits} random splits" if splits else "one left out"
        report(f"level: quality models, {scenes} scenes, {kind}", 200, one, ["tested scenes alone", "used"])


def independent() -> None:
    for count in (10, 20, 50):
        truths = 0.7, 6 / np.pi * np.arcsin(0.35)

        def one(generator: np.random.Generator, count=count, truths=truths) -> list[bool]:
            x, y = generator.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], size=count).T
            found = stats.pearsonr(x, y).statistic, srcc(x, y)
            return [
                inside(inference.fisher_interval(r, count, ranks), truth)
                for r, truth, ranks in zip(found, truths, (False, True), strict=True)
            ]

        report(f"correlation of {count} independent images (Fisher)", 4000, one, ["Pearson", "Spearman"])


def tests() -> None:
    covariance = [[1, 0.6, 0.6], [0.6, 1, 0.7], [0.6, 0.7, 1]]
    for count in (20, 50):

        def pearson(generator: np.random.Generator, count=count) -> list[bool]:
            sample = generator.multivariate_normal(np.zeros(3), covariance, size=count)
            found = []
            for data in (sample, stats.rankdata(sample, axis=0)):
                r = np.corrcoef(data, rowvar=False)
                found += [t(r[0, 1], r[0, 2], r[1, 2], count)[1] < 0.05 for t in (comparison.williams, comparison.meng)]
            return found

        columns = ["Williams", "Meng", "Williams on ranks", "Meng on ranks"]
        report(f"level: {count} independent images", 4000, pearson, columns)
    for count in (8, 30):

        def clustered(generator: np.random.Generator, count=count) -> list[bool]:
            score = generator.normal(size=(count, IMAGES))
            noise = generator.normal(size=(2, count, IMAGES)) + generator.normal(size=(2, count, 1))
            y, first, second = score.ravel(), (score + noise[0]).ravel(), (score + noise[1]).ravel()
            r = stats.spearmanr(np.column_stack([y, first, second])).statistic
            lying = comparison.williams(r[0, 1], r[0, 2], r[1, 2], len(y))[1]
            codes = np.repeat(np.arange(count), IMAGES)
            swapped = comparison.swap_test(lambda x: srcc(x, y), first, second, codes, 199)[1]
            return [lying < 0.05, swapped <= 0.05]

        report(f"level: images of {count} scenes", 500, clustered, ["Williams on all images", "swap test"])

    def family(generator: np.random.Generator) -> list[bool]:
        return [inference.holm(generator.uniform(size=9)).min() < 0.05]

    report("level: any of nine claims", 4000, family, ["Holm"])


def main() -> None:
    parts = (means, crossed, ratios, independent, tests, correlations, models, indices, reliabilities)
    chosen = set(sys.argv[1:])
    print("| case | repeats | share, % |\n|---|---|---|")
    for part in parts:
        if not chosen or part.__name__ in chosen:
            part()


if __name__ == "__main__":
    main()
