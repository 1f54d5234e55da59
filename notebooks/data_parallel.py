"""Trains the JAX twin of an LSTM data-parallel: every device has its part of the batch, and all have the parameters.

    XLA_FLAGS=--xla_force_host_platform_device_count=8 python notebooks/data_parallel.py

JAX sees where the arrays lie and does the rest: each device computes the gradients of its sequences, and these are added up.
The flag makes eight devices of one processor, to try it; with eight GPUs nothing changes. Needs the extra `jax`.
"""

import random

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from autograd_lite.nn import SGD, LSTMCell, SequenceModel, sequence_cross_entropy, to_jax, train

jax.config.update("jax_enable_x64", True)
CLASSES, LENGTH, BATCH, UPDATES, LR = 5, 6, 16, 5, 0.5


def main() -> None:
    rng = random.Random(0)
    sequences = [[rng.randrange(CLASSES) for _ in range(LENGTH + 1)] for _ in range(BATCH)]
    model = SequenceModel(LSTMCell(CLASSES, 4, rng=1), CLASSES, rng=2)
    params, apply = to_jax(model)

    devices = Mesh(jax.devices(), "batch")
    x = jax.device_put(jnp.array([s[:-1] for s in sequences]), NamedSharding(devices, PartitionSpec("batch")))
    targets = jax.device_put(jnp.array([s[1:] for s in sequences]), NamedSharding(devices, PartitionSpec("batch")))
    params = jax.device_put(params, NamedSharding(devices, PartitionSpec()))

    def loss(params, x, targets):
        chances = jax.nn.log_softmax(apply(params, x))
        return -jnp.take_along_axis(chances, targets[..., None], -1).sum() / len(x)

    @jax.jit
    def update(params, x, targets):
        value, grads = jax.value_and_grad(loss)(params, x, targets)
        return jax.tree.map(lambda p, g: p - LR * g, params, grads), value

    losses = []
    for _ in range(UPDATES):
        params, value = update(params, x, targets)
        losses.append(float(value))

    examples = [(s[:-1], s[1:]) for s in sequences]
    eager = train(model, examples, sequence_cross_entropy, optimizer=SGD(model.parameters(), LR), steps=UPDATES, progress=False)
    difference = max(abs(value - expected) for value, expected in zip(losses, eager.losses))
    numbers = model.state_dict()
    farthest = max(float(abs(array - jnp.array(numbers[name])).max()) for name, array in params.items())
    print(f"{len(x.sharding.device_set)} devices, {len(x) // len(jax.devices())} sequences each: {len(losses)} updates")
    print(f"from eager Values the losses differ by at most {difference:.1e}, the parameters by {farthest:.1e}")
    assert difference < 1e-12 and farthest < 1e-12


if __name__ == "__main__":
    main()
