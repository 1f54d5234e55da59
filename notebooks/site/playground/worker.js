// Python, in a thread of its own: it is asked with {id, question}, or with {id, question, file}, and answers with {id, answer}.
// What is neither an answer nor an error that Python has a sentence for ends it: {id, fatal}. Then the page starts another.
import { loadPyodide } from "../pyodide/pyodide.mjs";

async function started() {
    const pyodide = await loadPyodide({ stdLibURL: new URL("python_stdlib.zip", location.href).href });
    const [source] = await Promise.all([
        fetch("session.py").then((response) => response.text()),
        pyodide.loadPackage("autograd_lite", { messageCallback: () => {} }),
    ]);
    pyodide.FS.writeFile("/home/pyodide/session.py", source);
    return pyodide.pyimport("session");
}

const session = started().then(
    (module) => (postMessage({ ready: true }), module),
    (error) => postMessage({ unable: String(error.message || error) }),
);

onmessage = async ({ data: { id, question, file } }) => {
    const module = await session;
    try {
        if (!file) return postMessage({ id, answer: JSON.parse(module.answer(question)) });
        const bytes = module.file(question);
        if (typeof bytes === "string") return postMessage({ id, answer: { error: bytes } });
        const answer = bytes.toJs();
        bytes.destroy();
        postMessage({ id, answer, file }, [answer.buffer]);
    } catch (error) {
        postMessage({ id, fatal: String(error) });
    }
};
