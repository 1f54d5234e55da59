// Runs tests in Pyodide, which is CPython as a browser has it: node tests/pyodide/run.mjs FOLDER PYTEST'S ARGUMENTS
// FOLDER has the npm package pyodide in node_modules/ and the Python packages that the tests need in packages/.
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [folder, ...tests] = process.argv.slice(2);
const project = fileURLToPath(new URL("../..", import.meta.url));
const { loadPyodide } = await import(pathToFileURL(path.resolve(folder, "node_modules/pyodide/pyodide.mjs")));
const pyodide = await loadPyodide();
for (const [name, root] of [["project", project], ["packages", path.resolve(folder, "packages")]]) {
    pyodide.FS.mkdirTree(`/${name}`);
    pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root }, `/${name}`);
}
pyodide.globals.set("tests", pyodide.toPy(tests));
process.exitCode = pyodide.runPython(`
import os
import sys

os.chdir("/project")
sys.dont_write_bytecode = True
sys.path[:0] = ["/project", "/project/tests/pyodide", "/packages"]
import pytest

int(pytest.main(["-p", "no:cacheprovider", "-p", "lacking", "-rs", "-q", *tests]))
`);
