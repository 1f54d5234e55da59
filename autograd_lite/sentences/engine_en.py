"""English: your own engine."""

SENTENCES = {
    # How the tasks stand
    "engine-tasks": "{file}: {done} of {count} tasks are done.",
    "engine-unloaded": "{file} cannot be loaded.",
    "engine-all": "Everything in it is right: {graphs} random graphs, and every number of them.",
    "engine-further": "Networks that are built on it are checked too, if they are in the file: matvec(W, xs), a "
    "matrix times a vector; softmax(xs); rnn(w, u, xs, h), the states h_t = tanh(w * x_t + u * h_(t-1)) of a "
    "recurrent unit. Each returns a list of Values.",
    "engine-task": "Task {number}: {task}",
    "engine-name-node": "the node",
    "engine-name-add": "add",
    "engine-name-mul": "mul",
    "engine-name-tanh": "tanh",
    "engine-name-order": "the order",
    "engine-name-backward": "backward",
    "engine-name-zero_grad": "zero_grad",
    "engine-name-step": "a step",
    "engine-name-matvec": "matvec",
    "engine-name-softmax": "softmax",
    "engine-name-rnn": "rnn",
    "engine-absent": "Not there, and not checked: {names}.",
    "engine-line": "line {line}:",
    "engine-printed": "It printed:",
    "engine-yours": "yours",
    "engine-right": "right",
    "engine-hint-command": "A hint: {command}",
    "engine-hint-last": "That was the last hint for this task.",
    "engine-picture": "Both graphs side by side: {file}",
    "engine-written": "{file} is written. Open it in an editor, begin with task 1, and let it be checked whenever you save:",
    "engine-watching": "Waiting for {file} to be saved; Ctrl-C ends.",
    "engine-gone": "{file} is not there at the moment.",
    "engine-watched": "No longer waiting.",
    # A task that is open
    "engine-todo-node": "This is where it begins. A Value keeps the number that it is given, as data, and what it was "
    "computed from; and it has a grad, which is 0.0 until a backward pass.",
    "engine-todo-add": "a + b is to be a new Value: with the sum, with its two parents, and with the two local "
    "derivatives: how fast the sum grows when a grows, and when b does.",
    "engine-todo-mul": "a * b is to be a new Value: with the product, with its two parents, and with the two local "
    "derivatives: how fast the product grows when a grows, and when b does.",
    "engine-todo-tanh": "a.tanh() is to be a new Value: with tanh of the number, with one parent, and with one local "
    "derivative, the slope of tanh there.",
    "engine-todo-order": "topological_order(output) is to list all nodes that the output was computed from, and itself: "
    "each once, and after all of its parents. Then a pass from the end on meets a node only when all that it was used "
    "for has been met.",
    "engine-todo-backward": "c.backward() is to give every node below c its grad, the derivative of c by it: 1.0 for c "
    "itself, and then from node to node against the order, each passing grad times local derivative on to its parents.",
    "engine-todo-zero_grad": "Grads add up from pass to pass. model.zero_grad() is to set those of all parameters to "
    "0.0, for the next step.",
    "engine-todo-step": "step(model, examples, learning_rate) is to make one update of all parameters, against the "
    "gradient of the loss, and to return the number that the loss had before.",
    "engine-todo-matvec": "matvec(W, xs) is to return the product of a matrix and a vector, the first thing that a "
    "layer computes: a list with a Value for each row of W, the sum of the products of the row and xs.",
    "engine-todo-softmax": "softmax(xs) is to return a list with a Value for each of xs: exp(x) over the sum of exp "
    "of all of them. So each depends on all.",
    "engine-todo-rnn": "rnn(w, u, xs, h) is to return the states of a recurrent unit, a list with a Value for each "
    "of xs: h_t = tanh(w * x_t + u * h_(t-1)), with h before the first. The same w and u serve at every step.",
    # What went wrong
    "engine-no-class": "There is no class Value in {file}.",
    "engine-syntax": "Python cannot read line {line}{message}.",
    "engine-unread": "Python cannot read {file}{message}.",
    "engine-open": "{call} raises NotImplementedError: something is still open.",
    "engine-raised": "{call} raises {error}{message}.",
    "engine-too-long": "{call} does not come to an end: it was stopped after two million steps of Python. Is there a "
    "loop that never ends, or is a node gone through again for every path that leads to it?",
    "engine-time": "{call} does not come to an end: it was stopped after {seconds} seconds.",
    "engine-recursion": "{call} calls itself, and that calls itself again, until Python gives up (RecursionError).",
    "engine-memory": "{call} wants more memory than there is: {megabytes} MB.",
    "engine-exit": "{call} ends the whole program. An engine returns; it does not exit.",
    "engine-killed": "{call} brings Python itself down ({how}).",
    "engine-nothing": "{call} gives None. Does it end with return?",
    "engine-no-value": "{call} is to give a Value; it gives {got}.",
    "engine-number": "{what} is to be a number, a float; it is {got} ({call}).",
    "engine-leaf": "After {call}, {what} is to be {right}; it is {got}.",
    "engine-no-grad": "{what} is to be 0.0 as long as there was no backward pass; it is {got}.",
    "engine-data": "With {given}, {formula} is {right}; yours gives {got}.",
    "engine-slope": "The local derivative of {formula} by {operand} is {right} here; yours is {got}. By how much does "
    "{formula} change when {operand} alone changes by a little?",
    "engine-slopes": "{formula} has one local derivative for each operand, {count}; your node has {got}.",
    "engine-parents": "The node {formula} was computed from {right}: those are its parents. Yours has {got}.",
    "engine-order-no-list": "{call} is to return a list of nodes; it returns {got}.",
    "engine-order-strange": "In {call} there is something that is no node of this graph.",
    "engine-order-reversed": "{call} is the right order, the wrong way round: parents come first, {output} comes last.",
    "engine-order-missing": "{node} is missing in {call}, though {output} was computed from it.",
    "engine-order-again": "{node} stands {count} times in {call}: once is right, however often a node is used.",
    "engine-order-early": "In {call}, {node} stands before {parent}, which it was computed from. The order is {shown}.",
    "engine-grad": "The derivative of {output} by {node} is {right}; after {output}.backward() yours is {got}. No "
    "smaller graph shows it.",
    "engine-second": "One pass is right. After a second {output}.backward() on the same graph {what} is to be {right}; "
    "yours is {got}. What was computed begins every pass with a grad of 0, and leaves add up: so the leaves have twice "
    "what they had.",
    "engine-two-outputs": "Two outputs share a part of a graph. After backward() from one and then from the other "
    "{what} is to be {right}, the sum of both; yours is {got}.",
    "engine-zero": "After model.zero_grad() every grad is 0.0; {what} is {got}.",
    "engine-parameters": "MLP(2, [3, 1]) has {right} parameters, for each unit its weights and its bias; yours has {got}.",
    "engine-step-nothing": "After {call} no parameter has changed. It is the data of the parameters themselves that "
    "change, by the grads that the backward pass has left there.",
    "engine-step-data": "After step number {count}, {what} is to be {right}; it is {got}.",
    "engine-step-loss": "step returns the loss before the update, {right}; yours returns {got}.",
    "engine-no-list": "{call} is to return a list of Values, of length {count}; it returns {got}.",
    "engine-changes-list": "{call} changes a list that it is given. Its caller still needs it as it was: change a copy.",
    "engine-grad-there": "The derivative of {output} by {node} is {right}; after {output}.backward() yours is {got}.",
    # What is said besides
    "engine-like": "These are the numbers of a known mistake, {name}: {sentence}",
    "engine-micrograd": "micrograd does the same; its graphs are made for one pass only.",
    "engine-likes": "Several known mistakes give these numbers:",
    "engine-changed": "Your file gives names of Python's own another meaning: {names}. They were put back for the "
    "check; take other names.",
    "engine-unbounded": "Here the memory that an engine takes has no bound.",
    # Hints
    "engine-hint-node-1": "What is given is kept under its own name: self.data, self.parents, self.local_derivatives. "
    "float(data) makes a float of a whole number.",
    "engine-hint-node-2": "The fourth one is not given: self.grad. There has been no backward pass, so nothing has arrived yet.",
    "engine-hint-node-3": "Of Value(2.0), data is 2.0, grad is □, and parents is ().",
    "engine-hint-add-1": "If a grows by 0.001, by how much does a + b grow? And if b does? The two ratios are the local "
    "derivatives.",
    "engine-hint-add-2": "First, if other is no Value, Value(other) takes its place. Then a new Value: the sum of the "
    "two data; the parents, self and other; the local derivatives, one for each.",
    "engine-hint-add-3": "2.0 + (-1.5): data 0.5, parents (a, b), local derivatives (1.0, □).",
    "engine-hint-mul-1": "Think of a rectangle with the sides a and b. If a grows by 0.001, the area grows by a strip: "
    "how long is it?",
    "engine-hint-mul-2": "∂(a·b)/∂a = b and ∂(a·b)/∂b = a. Local derivatives are numbers: the data of the other operand.",
    "engine-hint-mul-3": "2.0 * (-1.5): data -3.0, parents (a, b), local derivatives (-1.5, □).",
    "engine-hint-tanh-1": "math.tanh(self.data) is the number. The slope is 1 at 0, and nearly 0 far away from it.",
    "engine-hint-tanh-2": "With t = tanh(x) the slope is 1 − t²: in terms of the result, not of x.",
    "engine-hint-tanh-3": "tanh(0.5) = 0.462117, so the slope is 1 − □² = 0.786448. One parent and one local "
    "derivative: (a,) and (slope,).",
    "engine-hint-order-1": "A node can be put on the list as soon as all of its parents are on it. So the parents come "
    "first, with all that is below them.",
    "engine-hint-order-2": "A function visit(node), which returns at once if it has seen the node; else it remembers "
    "that, visits each parent, and then appends the node. Compare nodes by identity: a set of them, or of id(node).",
    "engine-hint-order-3": "For c = a * b; d = c + a the list is a, b, □, d.",
    "engine-hint-backward-1": "Three parts. The grads of nodes with parents become 0.0. This node's own becomes 1.0. "
    "Then, in reversed(topological_order(self)), each node passes on what it has.",
    "engine-hint-backward-2": "What node n passes on to its parent p: ∂E/∂n · ∂n/∂p, added to what p has. "
    "zip(n.parents, n.local_derivatives) goes through both together.",
    "engine-hint-backward-3": "c = a * b; d = c + a with a = 2.0, b = -1.5: a gets 1.0 from d, and -1.5 from c, "
    "together □. One sign in the code makes them add up.",
    "engine-hint-zero_grad-1": "self.parameters() lists them all.",
    "engine-hint-zero_grad-2": "A loop over them sets one attribute of each. Their data stay.",
    "engine-hint-zero_grad-3": "parameter.□ = 0.0",
    "engine-hint-step-1": "Four things in the right order: the loss, grads that are 0, the backward pass from the loss, "
    "the update.",
    "engine-hint-step-2": "w⁺ = w − η · ∂E/∂w. Change the data of each parameter; a new Value would not be the model's.",
    "engine-hint-step-3": "A weight of 0.9 with a grad of 0.25 becomes 0.9 − 0.1 · □ = 0.875, if the learning rate is 0.1.",
    "engine-hint-matvec-1": "Written with * and + on Values, it gives backward() nothing new to do.",
    "engine-hint-matvec-2": "y_j = Σ_k W_jk · x_k. What comes back to x_k is Σ_j ∂E/∂y_j · W_jk: forward along a "
    "row, back along a column.",
    "engine-hint-matvec-3": "[[a, b], [c, d]] times [f, g] is [a·f + b·g, c·□ + d·□].",
    "engine-hint-softmax-1": "It is exp and a division, if the engine has these. If not, each result is a node of "
    "its own: its number, all of xs as its parents, and a local derivative for each.",
    "engine-hint-softmax-2": "∂p_i/∂x_i = p_i · (1 − p_i), and for every other one ∂p_i/∂x_j = −p_i · p_j.",
    "engine-hint-softmax-3": "Of two equal operands both results are 0.5. The local derivatives of the first are 0.25 and □.",
    "engine-hint-rnn-1": "A loop over xs, in which the new state takes the place of the old one. The state itself: a "
    "new Value with the same number has no parents, and nothing comes back through it.",
    "engine-hint-rnn-2": "With δ_t = ∂E/∂h_t · (1 − h_t²), the step sends δ_t · u back to h_(t−1), and δ_t · x_t to "
    "w. Those of all steps add up.",
    "engine-hint-rnn-3": "Of xs = [a, b] the states are tanh(w·a + u·h) and tanh(w·b + u·□).",
}
