"""The data of the figure of quality models."""

from collections.abc import Mapping
from pathlib import Path

from asymmetry import tables


def transfer_data(
    transfer: Path, initialisations: Mapping[str, Mapping[str, str]], architectures: Mapping[str, str], output: Path
) -> None:
    """Write shape `transfer-figure`: shape `transfer` with the kind of each initialisation and backbone.

    Args:
        transfer: table of shape transfer.
        initialisations: name -> `kind`, and for those taken from a discriminator its `head`.
        architectures: backbone -> `convolution` or `attention`, empty where that is not known.
        output: path of the table.
    """
    frame = tables.read(transfer, "transfer")
    sources = {name: own.get("head") or own["kind"] for name, own in initialisations.items()}
    source, architecture = (
        frame[key].map(known) for key, known in (("initialisation", sources), ("backbone", architectures))
    )
    tables.write(frame.assign(source=source, architecture=architecture), output, "transfer-figure")
