"""Fitting a judge, once for every scene that it is to judge."""

from pathlib import Path

from asymmetry.artifacts import save_tensors
from asymmetry.data.corpora import load_corpus
from asymmetry.errors import UserError
from asymmetry.metrics.judges.base import FittedJudge
from asymmetry.metrics.judges.create import make_judge


def fit_judge(
    object: str,
    corpus_manifest: Path,
    rated_manifest: Path | None,
    output: Path,
    seed: int,
    **options: object,
) -> None:
    """Fit a judge and write its models as safetensors, for each scene of the corpus one that never saw that scene.

    Args:
        object: name in the registry, or `package.module:Class` of a `base.FittedJudge`.
        corpus_manifest: pristine pictures, among them all scenes that will be judged.
        rated_manifest: distorted pictures with scores, for judges that learn from them.
        output: the file to write.
        seed: of whatever is random in the fit.
        options: of the judge; `create_judge` needs the same.
    """
    judge = make_judge(object, **options)
    if not isinstance(judge, FittedJudge):
        raise UserError(f"judge {object!r} needs no fit.", "leave `fitted_on` out")
    pristine = load_corpus(corpus_manifest)
    scenes = sorted({scene for scene, _ in pristine})
    if len(scenes) < 2:
        raise UserError(f"{corpus_manifest} holds one scene: nothing is left when it is left out.")
    save_tensors(judge.fit(pristine, rated_manifest, seed), output, judge=object, scenes=scenes)
