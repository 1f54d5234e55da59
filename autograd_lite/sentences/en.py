"""English."""

SENTENCES = {
    # Mistakes: each with the number that was answered
    "overwrite": "{answer} is what the last contribution to {meeting} alone gives. {meeting} is used {count} times, by "
    "{consumers}: each contribution is added to those before.",
    "first-only": "{answer} is what the first path alone gives. {meeting} is used {count} times, by {consumers}: "
    "all the contributions count.",
    "mean-paths": "{answer} averages the {count} contributions to {meeting}, from {consumers}. Paths add up; nothing divides by "
    "their number.",
    "twice-operand": "{answer} counts {operand} once in {by}, where it is an operand {times} times: each time makes a "
    "contribution of its own.",
    "recursive": "{answer} comes out when {meeting} sends on at every arrival what has arrived so far. It waits for all "
    "{count} contributions, from {consumers}, and sends on once: that is what the order is for.",
    "recursive-order": "{answer} has had a contribution, but not yet all: it is an operand of {consumers}. What sends on at "
    "every arrival sends too early.",
    "zero-grad": "{answer} is what two backward passes give: the second has added to grads that were not set to 0 in between.",
    "stale-interior": "{answer} comes out when only the leaves are set to 0 between two passes: the grads of the nodes in "
    "between are still there, and are sent on once more.",
    "add-chain": "{answer} adds the derivatives along a path. Along a path they are multiplied; what is added are paths.",
    "no-upstream": "{answer} is the local derivative alone. How {output} changes with {by} is missing: the adjoint of {by} "
    "is the other factor.",
    "swap-factor": "{answer} has {wrong} as a factor: it is the derivative of {by} by {right}. By {operand} it is {right}.",
    "no-activation": "{answer} goes back from {by} to {operand} as if the slope were 1: the derivative of the activation, "
    "{right}, is missing.",
    "value-for-slope": "{answer} has the value {by} where its slope belongs: the derivative by {operand} is {right}.",
    "slope-at-out": "{answer} takes the slope of the activation at {by}, its output. It is to be taken at {operand}, its input: "
    "that is {right}.",
    "net-one-minus-net": "{answer} has {wrong}. The formula of the slope is in terms of the output {by}, not of {operand}: "
    "{right}.",
    "wrong-activation": "{answer} has {wrong}, the slope of another activation. That of {by} is {right}.",
    "inner-point": "{answer} takes the outer derivative at the inner variable: {wrong}. It is to be taken at {operand}: {right}.",
    "exp-rule": "{answer} has {wrong}: that is a rule for powers, in which the base varies. In {by} the exponent varies: "
    "the derivative is {right}.",
    "power-rule": "{answer} has {wrong}. The exponent comes down as a factor, and goes down by one: the derivative of {by} by "
    "{operand} is {right}.",
    "quotient-sign": "{answer} has {wrong} for the derivative of {by} by the denominator {operand}: it is {right}, with its "
    "minus and its square.",
    "minus-sign": "{answer} loses a minus: {by} falls as {operand} grows, so the derivative is {right}.",
    "error-sign": "{answer} has the error the other way round: in {by}, the derivative by {operand} is {right}.",
    "half": "{answer} is off by a factor of 2: the exponent that comes down from the square and the 1/2 before it cancel if both "
    "are kept.",
    "mean-or-sum": "{answer} is off by the factor {n}: {output} has {n} terms. Look whether it is their sum or their mean.",
    "updated-weights": "{answer} goes back through {wrong}, a weight that has been updated already, where {right} belongs. All "
    "gradients of a step are taken at the weights of its forward pass.",
    "transposed": "{answer} goes back from {by} to {operand} through {wrong}. The way forward was {right}: the matrix that leads "
    "back is the transpose.",
    "wrong-activation-index": "{answer} multiplies the delta of {by} by {wrong}, its own output. {operand} is multiplied by "
    "{right}: that is the factor.",
    "bias-zero": "{answer} leaves the bias {node} as it is. A bias is learned too: its gradient is the delta of its unit.",
    "bias-times-b": "{answer} multiplies by {operand}. In {by} the bias is only added: the derivative by it is 1.",
    "bias-once": "{answer} is what one unit gives. The bias {node} is shared by {consumers}: what they send back adds up.",
    "ascent": "{answer} goes uphill: {node} plus {lr} times the gradient. To lower {output}, subtract.",
    "no-rate": "{answer} subtracts the whole gradient: the learning rate, {lr}, is missing.",
    "answers-step": "{answer} is the step, the gradient times -{lr}. What is asked for is the gradient.",
    "softmax-quadratic": "{answer} takes p - t for the delta: that is the delta of the cross-entropy. With this cost the slopes "
    "of softmax remain as factors.",
    "softmax-diagonal": "{answer} has the terms p (1 - p) alone. Every output of softmax depends on every net input: the terms "
    "-p_i p_j count too.",
    "slope-twice": "{answer} multiplies by p (1 - p) once more. In p - t, the delta of the cross-entropy, that factor has "
    "cancelled already.",
    "relu-by-upstream": "{answer} goes by the sign of what comes back to {by}. Whether ReLU lets it pass depends on {operand}.",
    "max-to-all": "{answer} sends the adjoint of {by} to all its operands. Only the one that decides gets it: the others may "
    "change a little, and {by} does not.",
    "no-future": "{answer} leaves out what comes back from the next time step: {operand} acts through {by} too.",
    "one-time": "{answer} is the contribution of one time step alone. {node} is used in every step: all of them add up.",
    "truncated": "{answer} ends {n} time steps before the last. The exact gradient goes back to the first.",
    "gate-swap": "{answer} has {wrong} on the way from {by} back to {operand}. The gate on this way is {right}.",
    "rtrl-now": "{answer} has the direct term of each step alone. The state before depends on {node} too: J times P of the step "
    "before is missing.",
    "no-scaling": "{answer} leaves out the root of d: {by} = {formula}. Without it the scores grow with the number of units, and "
    "the softmax takes almost one position alone.",
    "softmax-axis": "{answer} takes the softmax among the positions that look. {by} = {formula}: it is taken among those looked "
    "at, so that what one position takes sums to 1.",
    "mask-off-by-one": "{answer} has the mask off by one. A position looks at itself and at all before it, at none after it: "
    "{by} = {formula}.",
    "value-for-key": "{answer} has keys and values mixed up. The products with queries are those of keys, what is added up are "
    "values: {by} = {formula}.",
    "no-residual": "{answer} leaves out what goes around. {by} = {formula}: {operand} is added to what was computed from it, and "
    "the derivative comes back both ways.",
    "norm-constant": "{answer} takes {operand} for a constant in {by} = {formula}. It is computed from the same numbers: what "
    "comes back through it counts too.",
    # Steps
    "list-comma": ", ",
    "list-and": "{names} and {last}",
    "list-more": "{names} and {more} more",
    "step-given": "{node} is given.",
    "step-value": "{node} is computed from {operands}, by {operation}.",
    "step-start": "The backward pass starts at the output: the derivative of {node} by itself is 1.",
    "step-edge": "From {by} back to {node}: adjoint times local derivative is the grad.",
    "step-edge-operand": "From {by} back to {node} as operand {operand}: adjoint times local derivative is the grad.",
    "step-path": "From {by} back to {node}: adjoint times local derivative is one of {count} contributions to the grad.",
    "step-path-operand": "From {by} back to {node} as operand {operand}: adjoint times local derivative is one of {count} "
    "contributions to the grad.",
    "step-sum": "{node} is used {count} times: the contribution from {by} is added to the sum so far.",
    "step-sum-complete": "{node} is used {count} times: the contribution from {by} is added to the sum so far, and the grad is "
    "complete.",
    "step-grad": "Nothing is passed back to {node}: its grad is 0.",
    "note-changed": "Data has been changed since the forward pass that computed {nodes}. The values are those there now; the "
    "backward pass uses the local derivatives recorded in the forward pass, as backward() does.",
    "note-grad-there": "The grads are those of one backward() from grads of 0. {nodes} has a grad already: a further "
    "backward() adds to it.",
    "note-grads-there": "The grads are those of one backward() from grads of 0. {nodes} have grads already: a further "
    "backward() adds to them.",
    "forward-pass": "The forward pass",
    "backward-pass": "The backward pass",
    "trace-more": "... {count} steps in all: print(steps(...)) shows them, .save('steps.txt') writes them",
    "caption-step": "Step {number} of {count}. {words}",
    "at-forward": "step {number} of {count}, forward pass of {output}",
    "at-backward": "step {number} of {count}, backward pass of {output}",
    "keys": "n/→ forward  p/← back  Home End  g go to  b backward pass  q quit",
    "go-to": "go to step (1 to {count}), then Enter: {typed}_",
    # Derivations
    "where": "where",
    "with": "with",
    "local-derivatives": "local derivatives",
    "values": "the forward pass",
    "layer": "layer {number}",
    "layer-output": "layer {number}, the output",
    "parameters": "weights and biases",
    "derivation": "Derivation",
    # Questions
    "ask-value": "What is {node} = {formula}, with {given}?",
    "ask-local": "What is {partial}, the derivative of {by} = {formula} by {node}, with {given}?",
    "ask-contribution": "{upstream} is {adjoint}. What does {by} = {formula} send back to {node}, with {given}?",
    "ask-adjoint": "What is {partial}, the derivative of {output} by {node}?",
    "ask-delta": "What is {partial}, the delta of the net input {node}?",
    "ask-update": "{node} is {number}. What is it after one step of gradient descent on {output}, with the learning rate {lr}?",
    "ask-order": "In the backward pass, these have sent on what they had: {done}. Which node may be the next?",
    "digits": " ({digits} significant digits)",
    # Hints and answers
    "rule-value": "Put the numbers into the formula.",
    "rule-local": "A local derivative looks at one operation alone: how does {by} change when {node} does, and nothing else?",
    "rule-contribution": "A contribution is the adjoint of {by} times the local derivative of {by} by {node}.",
    "rule-adjoint": "For each node that {node} is an operand of: its adjoint times its local derivative by {node}. Then add up.",
    "rule-delta": "The delta of a net input: what comes back to the output of the unit, times the slope of the activation.",
    "rule-update": "Against the gradient: the learning rate times the gradient is subtracted.",
    "rule-order": "A node may send on when every node that it is an operand of has sent to it.",
    "order-uses": "{node} is an operand of {consumers}.",
    "order-answer": "{node}: all that it is an operand of have sent on.",
    # Verdicts
    "right": "Right: {answer}.",
    "rounded": "{answer} is close: it is right with more digits on the way, rounded at the end to {digits} significant digits.",
    "wrong": "{answer} is not it yet.",
    "ambiguous": "{answer} is what more than one mistake gives.",
    "further": "A question that tells them apart:",
    "open": "Not answered yet. {question}",
    "no-number": "{answer} is not a number: write one such as 0.0822 or 8.22e-2.",
    "no-option": "{answer} is none of them: answer with one of {options}.",
    # Quizzes
    "title": "Quiz: {output}",
    "worksheet": "Worksheet: {output}",
    "key": "Key: {output}",
    "question": "Question {number}",
    "question-right": "Question {number} (right)",
    "question-rounded": "Question {number} (rounded)",
    "question-wrong": "Question {number} (wrong)",
    "of": "Question {number} of {count}",
    "answer": "Answer",
    "check": "Check",
    "hint": "Hint",
    "hint-is": "Hint: {hint}",
    "why": "Why",
    "previous": "Previous",
    "next": "Next",
    "score": "{right} of {count} right",
    "done": "All answered: {right} of {count} right.",
    "code": "Your code, to hand in",
    "graph": "The graph",
    "given": "Given",
    "name": "Name: {name}",
    "number": "No.",
    "deter": "The answers in this page are hidden, not protected: whoever wants to finds them.",
    "script": "The buttons of this page need JavaScript.",
    "terminal": "An answer, h for a hint, s to skip, q to quit: ",
    "no-hint": "That was the last hint.",
    # Grades
    "grades": "{students} students, {right} of {count} answers right, {rounded} rounded too early",
    "grades-mistakes": "Mistakes: how many students, at which questions",
    "grades-questions": "Questions: right, rounded, wrong, without an answer",
    # Pictures
    "graph-title": "Computation graph of {output}",
    "a-value": "a value",
    "graph-caption": "Colour: {by}, blue negative, orange positive, white 0, each shade ten times the next. "
    "Number on an edge: local derivative; wider: larger.",
    "graph-caption-grads": "Colour: {by}, blue negative, orange positive, white 0, each shade ten times the next. "
    "Number on an edge: local derivative; wider: a larger part of the gradient (adjoint × local derivative).",
    "graph-no-grads": "grads are — until backward() is called",
    "graph-rolled": "Dashed: from one time step to another, as from t−1 to t; bars: size of the gradient by time step.",
    "graph-description": "The computation graph of {output} = {number}, from left to right: {count} nodes, {leaves} of them "
    "leaves; {parts} collapsed parts.",
    "one-node": "1 node",
    "several-nodes": "{count} nodes",
    "tip-number": "a plain number, {number}",
    "tip-no-label": "no label",
    "tip-leaf": "a leaf",
    "tip-weight": "a weight",
    "layers-title": "Network of {count} layers",
    "layers-colours": "Colour: {by}, blue negative, orange positive; wider: larger.",
    "layers-matrix": "{matrix}, layer {number}",
    "no-picture": "No picture: {why}",
    "steps-too-many": "{count} steps to the grads of {output}: too many for a notebook. {code} writes the page.",
    "after-forward": "After the forward pass: the value of every node, up to {output}; no grads yet.",
    "after-backward": "After the backward pass: the grad of every node, the derivative of {output} by it.",
    "without-scripts": "The same without scripts: pictures and text",
    # The page of the steps
    "steps-title": "Step by step: the grads of {output}",
    "steps-nav": "Steps",
    "first-step": "First step",
    "first-key": "first step (Home)",
    "back-step": "One step back",
    "back-key": "one step back (left arrow, page up, p)",
    "play": "Play",
    "pause": "Pause",
    "play-key": "play or pause (space)",
    "forward-step": "One step forward",
    "forward-key": "one step forward (right arrow, page down, n)",
    "last-step": "Last step",
    "last-key": "last step (End)",
    "turn": "backward pass",
    "turn-key": "to the start of the backward pass (b)",
    "guess": "guess",
    "guess-key": "hide each result until it is asked for (?)",
    "reveal": "reveal",
    "step": "Step",
    "grain": "Stop at every",
    "by-edges": "by edges",
    "by-nodes": "by nodes",
    "by-layers": "by layers",
    "speed": "Speed",
    "slow": "slow",
    "medium": "medium",
    "fast": "fast",
    "this-step": "This step",
    "computation-graph": "Computation graph",
    "smaller": "Smaller picture",
    "larger": "Larger picture",
    "fit": "fit",
    "fit-key": "the whole picture",
    "program": "The program",
    "steps-script": "The buttons of this page need JavaScript. The picture shows the grads after the last step.",
    "where-forward": "step {number} of {count}, forward",
    "where-backward": "step {number} of {count}, backward",
    "so-far-title": "Values and grads so far",
    "node": "node",
    "value": "value",
    "grad": "grad",
    "so-far": "{number} so far",
    "to-steps": "to the steps of this node",
    "to-its-steps": "{node}: to its steps",
    "all-given": "{names}: given.",
    "all-computed": "{names}: computed.",
    "all-back": "From {from} back to {to}.",
}
