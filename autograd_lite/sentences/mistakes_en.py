"""English: mistakes, each with the number that was answered."""

SENTENCES = {
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
    "transposed": "{answer} goes back from {net} to {operand} through {wrong}. The way forward was {right}: the matrix that "
    "leads back is the transpose.",
    "wrong-activation-index": "{answer} multiplies the delta of {net} by {wrong}, its own output. {operand} is multiplied by "
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
    "one-time": "{answer} is the contribution of one time step alone. {node} is used in several steps: all of them add up.",
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
}
