"""The training loop: many steps per call, on the device."""

import time
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from tfdis.data.feeding import Feed
from tfdis.errors import UserError
from tfdis.keys import step_key, subkey
from tfdis.models.autoencoder import Autoencoder
from tfdis.models.batches import Data
from tfdis.training.callbacks import Callback

_CALL_SECONDS = 0.5
_MOST_STEPS = 512
_EVALUATION_SALT = 0x8D5


class Trainer:
    """Trains one model on one feed.

    Steps run in a compiled loop that draws its own batches, so between calls the host only looks
    at the clock, at signals and at what the callbacks want. How many steps go into a call follows
    the clock; it changes nothing about the result, since batches and noise are keyed by the step.

    Args:
        model: compiled, and built under `strategy`.
        feed: gives the batches.
        batch_size: images per update.
        seed: of the batches; the model has its own for the noise.
        strategy: of tf.distribute, over whose replicas a batch is spread; None for one device.
        jit_compile: compile the loop with XLA.

    Raises:
        UserError: the batch does not divide over the replicas.
    """

    def __init__(
        self,
        model: Autoencoder,
        feed: Feed,
        batch_size: int,
        seed: int,
        strategy: tf.distribute.Strategy | None = None,
        jit_compile: bool = False,
    ):
        self.model, self.feed, self.batch_size, self.seed = model, feed, batch_size, seed
        self.strategy = strategy if strategy and strategy.num_replicas_in_sync > 1 else None
        replicas = self.strategy.num_replicas_in_sync if self.strategy else 1
        if batch_size % replicas:
            raise UserError(
                f"model.batch_size is {batch_size}: expected a multiple of the {replicas} replicas."
            )
        self.names = model.value_names
        self._drawn = batch_size * (2 if model.needs_second_batch else 1)
        self._replica_size = batch_size // replicas
        self._train = tf.function(self._train_steps, jit_compile=jit_compile)
        self._test = tf.function(self._test_steps, jit_compile=jit_compile)
        self._steps_per_call, self._calls = 1, 0

    @property
    def step(self) -> int:
        """The number of updates so far."""
        return int(self.model.optimizer.iterations.numpy())

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update."""
        return float(tf.convert_to_tensor(self.model.optimizer.learning_rate))

    def run(
        self,
        until: int,
        callbacks: Sequence[Callback] = (),
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Trains up to step `until`, or until `should_stop` says so between two calls.

        Raises:
            UserError: a term is not finite; names it and its step.
        """
        step = self.step
        while step < until and not should_stop():
            stops = [callback.next_interval(step) for callback in callbacks if callback.every]
            sums, done = self._call(step, min(until, *stops, step + self._steps_per_call) - step)
            step += done
            for callback in callbacks:
                callback.after_steps(self, step, done, sums)

    def evaluate(self, num_batches: int) -> dict[str, float]:
        """The mean loss and terms over batches and noise of their own, without an update."""
        sums = np.zeros(len(self.names))
        for first in range(0, num_batches, _MOST_STEPS // 8):
            count = min(num_batches - first, _MOST_STEPS // 8)
            seed = self._evaluation_seed()
            slab = self.feed.slab(seed, first, count, self._drawn)
            sums += self._test(slab, tf.constant(first), tf.constant(count)).numpy()
        return dict(zip(self.names, sums / num_batches))

    def _evaluation_seed(self) -> int:
        return int(self.seed) ^ _EVALUATION_SALT

    def _call(self, step: int, count: int) -> tuple[dict[str, float], int]:
        start = time.monotonic()
        slab = self.feed.slab(self.seed, step, count, self._drawn)
        done, sums, last = self._train(
            slab, tf.constant(step, tf.int64), tf.constant(count, tf.int64)
        )
        done, last = int(done), last.numpy()
        if not np.isfinite(last).all():
            self._refuse(last, step + done)
        self._calls += 1
        # The first two calls compile and warm up.
        if self._calls > 2 and count == self._steps_per_call:
            ideal = count * _CALL_SECONDS / (time.monotonic() - start)
            self._steps_per_call = int(np.clip(2 ** np.floor(np.log2(ideal)), 1, _MOST_STEPS))
        return dict(zip(self.names, sums.numpy().tolist())), done

    def _refuse(self, last: np.ndarray, step: int) -> None:
        bad = [name for name, value in zip(self.names, last) if not np.isfinite(value)]
        # The loss is a sum: where a term is to blame, name the term.
        name = bad[-1] if len(bad) == 1 else bad[1]
        value = last[self.names.index(name)]
        raise UserError(
            f"{name} is {value} at step {step}: lower the learning rate or the term's weight; the "
            "last checkpoint before it is kept."
        )

    def _train_steps(
        self, slab: tuple[tf.Tensor, ...], first_step: tf.Tensor, count: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        def body(
            position: tf.Tensor, sums: tf.Tensor, last: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            key = step_key(self.seed, first_step + position)
            last = self._on_replicas(slab, position, key, self.model.update)
            return position + 1, sums + tf.cast(last, tf.float64), last

        zeros = tf.zeros([len(self.names)])
        return tf.while_loop(
            lambda position, _, last: (position < count) & tf.reduce_all(tf.math.is_finite(last)),
            body,
            (tf.constant(0, tf.int64), tf.cast(zeros, tf.float64), zeros),
            parallel_iterations=1,
        )

    def _test_steps(
        self, slab: tuple[tf.Tensor, ...], first: tf.Tensor, count: tf.Tensor
    ) -> tf.Tensor:
        def body(position: tf.Tensor, sums: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            key = step_key(self._evaluation_seed(), first + position)
            noise = subkey(key, _EVALUATION_SALT)
            return position + 1, sums + self._on_replicas(
                slab, position, key, lambda data: self.model.test_losses(data, noise)
            )

        zeros = tf.zeros([len(self.names)])
        _, sums = tf.while_loop(
            lambda position, _: position < count,
            body,
            (tf.constant(0), zeros),
            parallel_iterations=1,
        )
        return sums

    def _on_replicas(
        self,
        slab: tuple[tf.Tensor, ...],
        position: tf.Tensor,
        key: tf.Tensor,
        function: Callable[[Data], dict[str, tf.Tensor]],
    ) -> tf.Tensor:
        """The mean over replicas of what `function` gives for each one's part of the batch."""

        def part() -> tf.Tensor:
            data = Data(*self.feed.batch(slab, position, key, self._drawn))
            if self.strategy:
                first = tf.distribute.get_replica_context().replica_id_in_sync_group
                rows = first * self._replica_size + tf.range(self._replica_size)
                # Of a second batch, the same rows: a replica splits what it gets in two.
                starts = range(0, self._drawn, self.batch_size)
                rows = tf.concat([start + rows for start in starts], axis=0)
                data = Data(*(None if all_ is None else tf.gather(all_, rows) for all_ in data))
            values = function(data)
            return tf.stack([tf.cast(values[name], tf.float32) for name in self.names])

        if not self.strategy:
            return part()
        parts = self.strategy.run(part)
        return self.strategy.reduce(tf.distribute.ReduceOp.MEAN, parts, axis=None)
