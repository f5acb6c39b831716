import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asymmetry import artifacts, tables
from asymmetry.figures import best, tabular
from asymmetry.figures import correlations as table_correlations
from asymmetry.figures import tables as table_figures

SCENES, SEEDS = [f"s{k}" for k in range(8)], [0, 1, 2]


def worth(mean: float, noise: float = 0.1, seed: int = 0, scenes=SCENES, seeds=SEEDS) -> pd.DataFrame:
    values = mean + noise * np.random.default_rng(seed).normal(size=(len(scenes), len(seeds)))
    return pd.DataFrame(values, index=scenes, columns=seeds)


def test_best_and_second_best_are_told_where_they_differ():
    column = {"a": worth(1), "b": worth(3, seed=1), "c": worth(2, seed=2), "d": worth(0, seed=3)}
    assert best.places(column) == {"b": 1, "c": 2}


def test_no_place_where_the_difference_to_the_next_is_chance():
    assert best.places({"a": worth(1, 1), "b": worth(1, 1, seed=1), "c": worth(-9)}) == {}
    assert best.places({"a": worth(5), "b": worth(1, 1, seed=1), "c": worth(1, 1, seed=2)}) == {"a": 1}
    assert best.places({"a": worth(1), "b": worth(1)}) == {}


def test_pairing_tells_apart_what_the_spread_over_scenes_hides():
    hard = 10 * np.arange(8)[:, None]
    assert best.places({"a": worth(1) + hard, "b": worth(0, seed=1) + hard}) == {"a": 1}


@pytest.mark.parametrize("few", [{"scenes": SCENES[:7]}, {"seeds": SEEDS[:2]}])
def test_no_place_below_eight_scenes_or_three_seeds(few):
    assert best.places({"a": worth(5, **few), "b": worth(1, seed=1)}) == {}


def test_only_shared_seeds_count_and_empty_columns_have_no_places():
    assert best.places({"a": worth(5), "b": worth(1, seed=1, seeds=[2, 3, 4])}) == {}
    assert best.places({"a": worth(5)}) == best.places({}) == {}
    assert best.places({"a": worth(5), "b": worth(np.nan)}) == {}


def test_the_best_by_its_own_seeds_is_not_best_if_it_is_worse_over_shared_seeds():
    alone = worth(1).join(worth(30, seed=2, seeds=[3, 4]))
    assert best.places({"a": alone, "b": worth(5, seed=1)}) == {}


def test_the_error_of_the_first_kind():
    found = [best.places({k: worth(0, 1, seed=2 * r + k) for k in range(2)}) for r in range(60)]
    assert sum(map(bool, found)) <= 8


def cells(folder: Path, worths: dict[str, float], seeds=SEEDS) -> list[dict]:
    found = []
    for number, (objective, mean) in enumerate(worths.items()):
        values = worth(mean, seed=number, seeds=seeds)
        for seed in seeds:
            path = folder / f"{objective}-{seed}"
            rows = [
                {"scene": scene, "judge": judge, "family": family, "value": sign * value, "quality": value}
                for scene, value in values[seed].items()
                for judge, family, sign in (
                    ("psnr", "full-reference", 1),
                    ("niqe_2", "statistics", -1),
                    ("kid", "x", 1),
                )
            ]
            tables.write(pd.DataFrame(rows), path.with_suffix(".csv"), "judgement")
            status = "diverged" if objective == "gone" else "completed"
            artifacts.write_json({"status": status}, path.with_suffix(".json"))
            facts = {"objective": objective, "discriminator": "none", "weight": 0.0, "seed": seed}
            found.append(facts | {"judgement": path.with_suffix(".csv"), "provenance": path.with_suffix(".json")})
    return found


def table1(folder: Path, seeds=SEEDS) -> Path:
    worths = {"rec_a&b": 24.0, "rec-procedural": 26.0, "rec": 25.0, "gone": 30.0}
    listed = cells(folder, worths, seeds)
    base = {"discriminator": "none", "weight": 0.0, "seeds": len(seeds), "scenes": 8}
    means = [
        base | {"objective": objective, "judge": judge, "family": "x", "value": sign * value}
        | {"low": sign * value - 1, "high": sign * value + 1, "higher_is_better": "yes" if sign > 0 else "no"}
        for objective, value in worths.items()
        for judge, sign in (("psnr", 1), ("niqe_2", -1), ("kid", 1))
    ]  # fmt: skip
    tables.write(pd.DataFrame(means), folder / "means.csv", "judge-means")
    shares = dict.fromkeys(("over_pretrained", "over_bicubic", "over_noise", "share", "spread"), 1.0)
    verdicts = pd.DataFrame({"judge": ["psnr", "niqe_2", "kid"], "verdict": ["valid", "valid", "not valid here"]})
    tables.write(verdicts.assign(family="x", scenes=8, **shares), folder / "judges.csv", "judges")
    scores = [
        base | {"measure": measure, "objective": name, "note": "", "diverged": int(name == "gone")}
        for measure in ("realism", "fidelity")
        for name in worths
    ]
    columns = list(tables.SHAPES["optimization-scores"])
    tables.write(pd.DataFrame(scores).reindex(columns=columns), folder / "scores.csv", "optimization-scores")
    gained = pd.DataFrame(columns=list(tables.SHAPES["gains"]))
    tables.write(gained, folder / "gains.csv", "gains")
    files = [folder / f"{name}.csv" for name in ("means", "judges", "scores", "gains")]
    table_figures.table1(*files, listed, folder / "table1", scale="100% of a test")
    return folder / "table1"


def test_table1_marks_the_best_in_every_form(tmp_path):
    stem = table1(tmp_path)
    markdown = stem.with_suffix(".md").read_text(encoding="utf-8")
    assert "**26.00** [25.00, 27.00]" in markdown
    assert " *25.00* [24.00, 26.00]" in markdown
    assert markdown.count("**") == 4
    assert "kid (not valid here) ↑" in markdown
    assert "never best): gone. " in markdown
    assert "in the place of ImageNet" in markdown
    latex = stem.with_suffix(".tex").read_text(encoding="utf-8")
    assert r"\textbf{26.00}" in latex
    assert "[25.00, 27.00]" in latex
    assert r"\underline{$-$25.00}" in latex
    page = stem.with_suffix(".html").read_text(encoding="utf-8")
    assert "<td><b>26.00</b> [25.00, 27.00]</td>" in page
    assert "rec_a&amp;b" in page
    numbers = pd.read_csv(stem.with_suffix(".csv"))
    assert numbers["psnr high"].tolist() == [25, 27, 26, 31]
    assert numbers["niqe_2"].tolist() == [-24, -26, -25, -30]


def test_table1_marks_nothing_with_two_seeds_and_says_so(tmp_path):
    markdown = table1(tmp_path, SEEDS[:2]).with_suffix(".md").read_text(encoding="utf-8")
    assert "**" not in markdown
    assert "nothing is marked" in markdown


def test_latex_is_sound(tmp_path):
    text = table1(tmp_path).with_suffix(".tex").read_text(encoding="utf-8")
    assert text.isascii()
    assert r"rec\_a\&b" in text
    assert r"niqe\_2 $\downarrow$" in text
    assert r"100\% of a test" in text
    body = text.partition("\n")[2]
    assert not re.search(r"(?<!\\)[#%_]", body)
    assert all(len(re.findall(r"(?<!\\)\$", line)) % 2 == 0 for line in body.splitlines())
    depth = 0
    for mark in re.findall(r"(?<!\\)[{}]", body):
        depth += 1 if mark == "{" else -1
        assert depth >= 0
    assert depth == 0
    assert re.findall(r"\\(?:begin|end)\{(\w+)\}", body) == ["longtable", "longtable"]
    rules = [line for line in body.splitlines() if line.startswith("\\") and line.endswith("rule")]
    assert rules == [r"\toprule", r"\midrule", r"\bottomrule"]
    width = len(re.search(r"\\begin\{longtable\}\{([lr]+)\}", body)[1])
    rows = [line for line in body.splitlines() if re.search(r"\\\\(\*|\[2pt\])?$", line)]
    assert len(rows) == 9, "a head, and of each row the values and the intervals"
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {width - 1}


@pytest.mark.parametrize("text", ["a_b & 50% $x$ #1 {y} ^ ~ \\z", "ρ − ± × ↑↓ <|>"])
def test_every_special_character_is_escaped(text):
    found = tabular.escaped(text)
    assert found.isascii()
    assert not re.search(r"(?<!\\)[#%&_]", found)
    if "\\z" in text:
        assert found == r"a\_b \& 50\% \$x\$ \#1 \{y\} \textasciicircum{} \textasciitilde{} \textbackslash{}z"


def test_table2_is_best_within_a_protocol(tmp_path):
    arms = {"random": 0.2, "procedural": 0.9}
    rows, listed = [], []
    for number, (init, skill) in enumerate(arms.items()):
        for seed in SEEDS:
            generator = np.random.default_rng(10 * number + seed)
            score = generator.random(8 * 30)
            parts = pd.DataFrame({"score": score, "prediction": skill * score + 0.1 * generator.normal(size=240)})
            parts["scene"] = np.repeat(SCENES, 30)
            parts = parts.assign(image="i", distortion="d", family="f", level=1, fold=parts["scene"], protocol="scene")
            path = tmp_path / f"{init}-{seed}.csv"
            tables.write(parts, path, "predictions")
            facts = {"mode": "fr", "dataset": "set", "backbone": "vgg", "initialisation": init}
            listed.append(facts | {"seed": seed, "predictions": path})
        for protocol, value in (("scene", skill), ("family", 0.5)):
            facts |= {"protocol": protocol, "images": 9, "scenes": 8, "seeds": 3, "srcc": value, "plcc": value}
            rows.append(dict(facts))
    tables.write(pd.DataFrame(rows).reindex(columns=list(tables.SHAPES["transfer"])), tmp_path / "t.csv", "transfer")
    table_figures.table2(tmp_path / "t.csv", listed, tmp_path / "table2")
    markdown = (tmp_path / "table2.md").read_text(encoding="utf-8")
    assert markdown.count("**0.900**") == 2
    assert markdown.count("**") == 4
    assert "| family" in markdown


def correlations(
    folder: Path, metrics=("psnr", "ssim"), datasets=("first", "second"), families=("blur", "noise")
) -> Path:
    """Both tables, with preferences; gives the stem of the first."""
    base = {"images": 40, "scenes": 8, "note": ""}
    place = [{"dataset": dataset, "metric": metric} for dataset in datasets for metric in metrics]
    measured = dict.fromkeys(("krcc", "plcc", "plcc_logistic", "plcc_logistic5", "rmse"), 0.3)
    rows = [p | base | measured | {"srcc": k / 10, "srcc_low": k / 10 - 0.1, "srcc_high": k / 10 + 0.1}
            for k, p in enumerate(place)]  # fmt: skip
    rows[-1]["note"] = "no logistic fit of 4 parameters: the line"
    columns = list(tables.SHAPES["assessment-datasets"])
    tables.write(pd.DataFrame(rows).reindex(columns=columns), folder / "datasets.csv", "assessment-datasets")
    rows = [p | base | {"kind": kind, "group": group, "srcc": 0.1 * k, "low": -0.5, "high": 0.9}
            for p in place
            for kind, names in (("family", families), ("scene", "abc"))
            for k, group in enumerate(names)]  # fmt: skip
    columns = list(tables.SHAPES["assessment-breakdown"])
    tables.write(pd.DataFrame(rows).reindex(columns=columns), folder / "breakdown.csv", "assessment-breakdown")
    rows = [{"dataset": "bapps", "metric": metric, "family": family, "pairs": 9, "scenes": 8, "agreement": value}
            for metric in metrics
            for family, value in (("all", 0.66), ("cnn", 0.7))]  # fmt: skip
    columns = list(tables.SHAPES["preference-agreement"])
    tables.write(pd.DataFrame(rows).reindex(columns=columns), folder / "pairs.csv", "preference-agreement")
    files = folder / "datasets.csv", folder / "breakdown.csv", [folder / "pairs.csv"]
    table_correlations.correlation_tables(*files, folder / "correlations", folder / "by-family", "a test")
    return folder / "correlations"


def test_correlations_have_every_measure_and_name_failed_fits(tmp_path):
    stem = correlations(tmp_path)
    numbers = pd.read_csv(stem.with_suffix(".csv")).set_index(["dataset", "metric"])
    assert list(numbers.index)[:4] == [("second", "ssim"), ("second", "psnr"), ("first", "ssim"), ("first", "psnr")]
    assert numbers.loc[("second", "ssim"), ["SRCC", "SRCC low", "SRCC high"]].tolist() == pytest.approx([0.3, 0.2, 0.4])
    assert numbers.loc[("bapps", "psnr"), "2AFC"] == 0.66
    assert "outlier ratio" not in numbers
    assert "ssim on second: no logistic fit" in stem.with_suffix(".md").read_text(encoding="utf-8")
    groups = pd.read_csv(tmp_path / "by-family.csv")
    assert groups["noise"].tolist() == [0.1] * 4
    within = groups[[f"within a reference{end}" for end in ("", " low", " high")]]
    assert within.to_numpy().tolist() == [[0.1, 0, 0.2]] * 4


@pytest.mark.skipif(
    not shutil.which("pdflatex"), reason="there is no pdflatex on this machine (Debian: texlive-latex-recommended)"
)
def test_tables_of_the_papers_size_compile_and_fit_the_page(tmp_path):
    """Nineteen metrics on five datasets, long names, special characters, tables wider and longer than a page."""
    metrics = [f"dists-vgg-16-procedural_{k}" for k in range(19)]
    correlations(tmp_path, metrics, [f"kadid-{k}k" for k in range(5)], [f"family-{k}" for k in range(8)])
    table1(tmp_path)
    names = ("table1", "correlations", "by-family")
    page = "\n".join(rf"\input{{{name}}}\clearpage" for name in names)
    preamble = r"\documentclass{article}\usepackage[a4paper,margin=25mm]{geometry}\usepackage{booktabs,longtable}"
    (tmp_path / "page.tex").write_text(f"{preamble}\\begin{{document}}\n{page}\n\\end{{document}}\n")
    for _ in range(3):  # longtable settles its widths
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
        made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert made.returncode == 0, made.stdout[-2000:]
    wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\)", made.stdout)]
    assert max(wide, default=0) < 1, wide
