"""What a saved model needs, and which server can run it.

python -m serving.doctor saved_models/tfrec
"""

import pathlib
from typing import Annotated

from rich.console import Console
from rich.table import Table
from typer import Argument

from tfrec.errors import ArtefactError
from tfrec.program import run_program


def examine(
    folder: Annotated[
        pathlib.Path,
        Argument(metavar="DIR", help="Folder of a saved model or version."),
    ],
):
    """Describes a saved model, says which server can run it, and tests it.

    The test loads the model here and sends it its warm-up requests.
    """
    # TensorFlow takes seconds to import: not before the arguments are right.
    from serving.examination import check_manifest, find_facts
    from tfrec.export.artefact import read_artefact
    from tfrec.export.servable import Servable

    artefact = read_artefact(folder)
    _print_report(artefact, find_facts(artefact))
    problems = check_manifest(artefact)
    if problems:
        raise ArtefactError("\n".join(["The manifest does not fit.", *problems]))
    num_requests = Servable.load(artefact.folder).replay_warm_up()
    print(f"The model loads here and answered its {num_requests} warm-up requests.")


def main():
    """Entry point of `tfrec-doctor`."""
    run_program(examine)


def _print_report(artefact, facts):
    console = Console()
    console.print(str(artefact.folder), style="bold", soft_wrap=True)
    for name, value in facts.items():
        console.print(f"  {name}: {value}", soft_wrap=True, highlight=False)
    table = Table("signature", "input", "type", "")
    for name, signature in artefact.signatures.items():
        for shown, (key, spec) in enumerate(signature.inputs.items()):
            need = "optional" if key in signature.defaults else "required"
            table.add_row("" if shown else name, key, str(spec), need)
        for key, spec in signature.outputs.items():
            table.add_row("", f"→ {key}", str(spec), "")
        table.add_section()
    console.print(table)


if __name__ == "__main__":
    main()
