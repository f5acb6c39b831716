"""The claims of the study, tested on a run: estimate, simultaneous interval, test, verdict, and a sentence for each."""

import logging
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from safetensors import safe_open

from asymmetry import artifacts, tables
from asymmetry.analysis import assessment, rankings
from asymmetry.analysis.asymmetry import FEWEST_SCENES, FEWEST_SEEDS
from asymmetry.analysis.claims.architecture import architectures
from asymmetry.analysis.claims.claim import Claim, Part, decide
from asymmetry.analysis.claims.models import Models
from asymmetry.analysis.claims.quality_models import architectures as quality_architectures
from asymmetry.analysis.claims.quality_models import features
from asymmetry.analysis.claims.random_metric import random_weights
from asymmetry.analysis.claims.ranking import agreement, increase
from asymmetry.analysis.claims.study import Study
from asymmetry.analysis.claims.training import artefacts, composition, heads
from asymmetry.analysis.claims.words import GLOSSARY, WORDS, listed, number, p_text, title
from asymmetry.analysis.judges import FIDELITY, REALISM
from asymmetry.artifacts import atomic

__all__ = ["Claim", "Part", "Study", "all_claims", "claims_table", "decide"]
QUALITY_MODELS = ("C7", "C8")
logger = logging.getLogger(__name__)


def all_claims(study: Study) -> list[Claim]:
    """C1 to C9, each with its parts; `decide` gives their verdicts."""
    models = Models(study.predictions) if len(study.predictions) else None
    return [
        agreement(study),
        increase(study),
        composition(study),
        random_weights(study),
        heads(study),
        architectures(study),
        features(study, models),
        quality_architectures(study, models),
        artefacts(study),
    ]


def claims_table(
    facts: Mapping[str, Any],
    margins: Mapping[str, float],
    assessment_cells: Sequence[Mapping[str, Any]],
    datasets: Collection[str],
    trained_on: Mapping[str, Collection[str]],
    models: Sequence[Mapping[str, Any]],
    provenance: Mapping[str, str],
    weights: Mapping[str, str],
    *,
    gains: Path,
    judges: Path,
    sweep: Path | None,
    artefact_table: Path,
    scale: str,
    transfer_scale: str,
    output: Path,
    details: Path,
) -> None:
    """Write shape `claims`, beside it the same as Markdown (suffix .md), and shape `claims-details`.

    Args:
        facts: `plan.claims.Claims.facts`.
        margins: section `claims` of the config.
        assessment_cells: dicts with `dataset`, `metric`, `assessment` (path).
        datasets: names of the full-reference datasets that count.
        trained_on: metric -> datasets that it has seen.
        models: dicts with `mode`, `dataset`, `backbone`, `initialisation`, `seed` and `predictions` (path).
        provenance: discriminator -> record of a training with it.
        weights: backbone of a quality model -> its weights.
        gains: table of shape gains, of all cells.
        judges: table of shape judges, of the same cells.
        sweep: the same of the cells of figure 7, None without a sweep.
        artefact_table: table of shape artefacts.
        scale: scale of the trainings, in words.
        transfer_scale: scale of the quality models, in words.
        output: path of shape `claims`.
        details: path of shape `claims-details`.
    """
    loaded = assessment.load(assessment_cells, datasets, trained_on)
    own = tables.read(gains, "gains")
    study = Study(
        facts=facts,
        margins=margins,
        assessed=rankings.Assessed.of({metric: loaded[metric] for metric in facts["losses"] if metric in loaded}),
        gains=own,
        sweep=tables.read(sweep, "gains") if sweep else own.iloc[:0],
        artefacts=tables.read(artefact_table, "artefacts"),
        predictions=_predictions(models),
        discriminators={name: _used_parameters(path) for name, path in provenance.items()},
        backbones={name: _parameters(path) for name, path in weights.items()},
    )
    claims = all_claims(study)
    scales = {name: transfer_scale if name in QUALITY_MODELS else scale for name in WORDS}
    table = decide(claims, margins["level"], scales)
    rows = [
        {"claim": claim.name, **row, "part": title(claim.name, row["part"])}
        for claim in claims
        for row in claim.details
    ]
    tables.write(pd.DataFrame(rows, columns=list(tables.SHAPES["claims-details"])), details, "claims-details")
    tables.write(table, output, "claims")
    with atomic(output.with_suffix(".md")) as temporary:
        text = markdown(table, margins["level"], facts["initialisations"], tables.read(judges, "judges"))
        temporary.write_text(text, encoding="utf-8")
    logger.info("claims: %s", ", ".join(f"{row.claim} {row.verdict}" for row in table.itertuples()))


def _predictions(models: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    keys = ("mode", "dataset", "backbone", "initialisation", "seed")
    parts = [tables.read(m["predictions"], "predictions").assign(**{k: m[k] for k in keys}) for m in models]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _used_parameters(provenance: str) -> int:
    """Parameters of a discriminator that its output depends on."""
    return int(artifacts.read_json(provenance)["discriminator"]["parameters_used"])


def _parameters(weights: str) -> int:
    """Numbers in a file of weights, running statistics of batch norm apart."""
    with safe_open(weights, "numpy") as file:
        names = [name for name in file.keys() if "running_" not in name and "num_batches" not in name]  # noqa: SIM118
        return sum(math.prod(file.get_slice(name).get_shape()) for name in names)


def markdown(table: pd.DataFrame, level: float, initialisations: Mapping[str, str], judges: pd.DataFrame) -> str:
    """Shape `claims` as Markdown: an overview, then a section a claim.

    Args:
        table: shape claims.
        level: coverage of all intervals together.
        initialisations: name -> kind.
        judges: shape judges.
    """
    overview = pd.DataFrame(
        {
            "claim": [f"{row.claim}. {row.statement}" for row in table.itertuples()],
            "verdict": [f"**{row.verdict}**" for row in table.itertuples()],
            "estimate": [_estimate(row) for row in table.itertuples()],
            "p, corrected": ["" if pd.isna(row.p_corrected) else p_text(row.p_corrected) for row in table.itertuples()],
            "scenes": [row.scenes or "" for row in table.itertuples()],
            "seeds": [row.seeds or "" for row in table.itertuples()],
        }
    )
    tested = int(table["p"].notna().sum())
    rests = " ".join(table["settings"])
    pretrained = [name for name, kind in initialisations.items() if kind == "pretraining" and name in rests]
    head = [
        "# The claims of the study, in this run",
        f"Scale of the run: {table['scale'].iloc[0]}. Quality models: {_transfer_scale(table)}.",
        "**Verdicts.** *Supported* or *contradicted*: the whole interval lies on one side of the margin that stood"
        f" in the config before the run, the corrected p is below {1 - level:.2g}, and there are at least"
        f" {FEWEST_SCENES} scenes and {FEWEST_SEEDS} seeds. *Inconclusive*: anything else, which is no evidence"
        " against the claim. *Not tested*: the trainings that the claim needs were not run. The intervals hold"
        f" together for all {tested} tested claims ({100 * level:g} %, Bonferroni); p is corrected by Holm. The"
        " table shows the part of a claim that decides, and the fewest scenes and seeds of any part."
        " `docs/claims.md` says how each claim is tested.",
        f"**Words.** {GLOSSARY}",
        _judged(judges),
    ]
    if pretrained:
        head.append(f"Not ImageNet: {listed(pretrained)} weights were pretrained on generated pictures.")
    sections = [
        f"## {row.claim}: {row.verdict}\n\n*{row.statement}*\n\n{row.sentence}\n\n"
        + (f"The number above: {row.measure}. " if row.measure else "")
        + (f"The claim rests on: {row.settings}." if row.settings else "")
        for row in table.itertuples()
    ]
    body = overview.to_markdown(index=False, disable_numparse=True)
    return "\n\n".join([*head, body, *(section.rstrip() for section in sections)]) + "\n"


def _judged(judges: pd.DataFrame) -> str:
    """What O and fidelity are measured by, and which families of realism have no judge that counts."""

    def of(family: str) -> pd.DataFrame:
        return judges[judges["family"] == family]

    counting = {name: listed(of(name).query("verdict == 'valid'")["judge"].tolist()) for name in (*REALISM, FIDELITY)}
    families = [f"{name} ({counting[name]})" for name in REALISM if counting[name]]
    said = [f"O is the mean of these families of judges: {', '.join(families) or 'none'}."]
    for name in REALISM:
        if not counting[name]:
            asked = [f"{row.judge}: {row.verdict}" for row in of(name).itertuples()]
            why = listed(asked) or "none was asked"
            said.append(f"**No judge of the family {name} counts** ({why}), so O leaves that family out.")
    said.append(f"Fidelity is measured by {counting[FIDELITY] or 'no judge'}.")
    return f"**Judges.** {' '.join(said)}"


def _estimate(row: Any) -> str:
    if pd.isna(row.estimate):
        return ""
    return f"{number(row.estimate)} ({number(row.low)} to {number(row.high)}); margin {row.margin:g}"


def _transfer_scale(table: pd.DataFrame) -> str:
    return table.set_index("claim")["scale"]["C7"]
