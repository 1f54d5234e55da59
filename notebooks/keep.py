"""Runs lessons from top to bottom and keeps them with their outputs: python notebooks/keep.py notebooks/04_reuse.ipynb ...

It needs a kernel: pip install -e '.[notebook]'. What is not kept: how long cells took, and formulas as MathML where they are
there as LaTeX, for JupyterLab takes MathML out of a notebook that is opened and not yet trusted.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def keep(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    info = dict(notebook.metadata.get("language_info", {}))
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}).execute()
    notebook.metadata["language_info"] = info
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
            for output in cell.outputs:
                if {"text/html", "text/latex"} <= output.get("data", {}).keys():
                    del output["data"]["text/html"]
    nbformat.write(notebook, path)


def joined(outputs: list) -> list:
    """The outputs, with what was printed in pieces as one."""
    found: list = []
    for output in outputs:
        if found and output.output_type == "stream" and found[-1].get("name") == output.name:
            found[-1].text += output.text
        else:
            found.append(output)
    return found


if __name__ == "__main__":
    for name in sys.argv[1:]:
        keep(Path(name))
