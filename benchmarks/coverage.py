"""How often the 95 % intervals hold the truth, and the tests reject it (`python benchmarks/coverage.py`, ten minutes).

Prints the table of docs/statistics.md. All data are simulated with a known truth; every case is seeded by its name.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

import numpy as np
from scipy import stats

from asymmetry.analysis import asymmetry, comparison, inference, rankings, resampling
from asymmetry.analysis.correlation import fisher_z, srcc
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
                joint = inference.crossed(
                    lambda i, k: values[np.ix_(i, k)].mean(), [np.arange(shape[0])], shape[1], 100
                )
                alone = inference.cluster_means(values.mean(axis=1))
                return [inside(alone.contrast(1).interval(), 0), inside(joint.contrast(1).interval(), 0)]

            report(f"mean over {scenes} scenes, {seeds} seeds{kind}", 1000, one, ["scenes alone", "used"])


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
    shape = (len(knows), scenes, seeds)
    parts = (generator.normal(size=s) for s in ((len(knows), scenes, 1), (len(knows), 1, seeds), shape))
    values = objectives[:, None, None] + sum(n * part for n, part in zip((noise, noise / 3, noise), parts, strict=True))
    trained = rankings.Trained(metrics, names, tuple(range(seeds)), values, np.zeros((len(knows), seeds)))
    return assessed, asymmetry.Setting(trained, metrics)


def indices() -> None:
    knows = np.linspace(0.3, 1.2, 8)
    for order in (np.arange(8), np.array([2, 0, 4, 1, 7, 3, 5, 6]), np.array([3, 7, 1, 4, 6, 0, 2, 5])):
        truth = srcc(np.arange(8), order)
        for scenes, noise in ((8, 2.0), (30, 3.0), (30, 6.0)):

            def one(generator: np.random.Generator, order=order, case=(scenes, noise), truth=truth) -> list[bool]:
                assessed, setting = simulated(generator, knows, order.astype(float), case[0], 3, case[1])
                a = rankings.reliability(list(assessed.halves(30)), setting.metrics)
                o = setting.reliability(30)
                factor = asymmetry.correction(a, o)
                joint = asymmetry.resampled(assessed, [setting], 60)
                raw = joint.contrast(1).interval()
                kept = bool(min(a, o) >= asymmetry.RELIABLE)
                fixed = joint.contrast(factor).interval()
                return [inside(raw, truth), inside(fixed, truth), kept, kept and not inside(fixed, truth)]

            report(
                f"rho of 8 metrics, true {truth:.2f}, {scenes} scenes, 3 seeds, noise {noise:g}",
                120,
                one,
                ["raw", "corrected", "reliable", "reliable and wrong"],
            )


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
            flipped = comparison.sign_flip(np.square(noise[0]).mean(axis=1) - np.square(noise[1]).mean(axis=1), 999)
            return [lying < 0.05, swapped <= 0.05, flipped <= 0.05]

        report(
            f"level: images of {count} scenes", 500, clustered, ["Williams on all images", "swap test", "sign flips"]
        )

    def family(generator: np.random.Generator) -> list[bool]:
        return [inference.holm(generator.uniform(size=9)).min() < 0.05]

    report("level: any of nine claims", 4000, family, ["Holm"])


def main() -> None:
    print("| case | repeats | share, % |\n|---|---|---|")
    for part in (means, crossed, ratios, independent, tests, correlations, indices):
        part()


if __name__ == "__main__":
    main()
