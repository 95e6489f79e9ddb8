"""The training loop: many steps per call, on the device."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from tfdis.batch import Inputs, map_tensors, own_rows
from tfdis.data.feeding import DeviceFeed, Feed, Slab
from tfdis.errors import UserError
from tfdis.keys import Salt, step_key, subkey

_CALL_SECONDS = 0.5
_MOST_STEPS = 512


class Trainable(Protocol):
    """The interface of a model for the loop, the checkpoints and the results.

    `tfdis.models.model_of_terms.ModelOfTerms` is one.

    Attributes:
        optimizer: the optimizer whose learning rate is logged.
        seed: of the noise.
        steps: updates so far.
        batches_per_step: how many batches `update` takes in one.
        value_names: the names of what `update` gives.
        state: all that a training changes, by part.
        stop_training: set by a callback that wants the training to end.
    """

    optimizer: keras.optimizers.Optimizer
    seed: int
    steps: int
    batches_per_step: int
    value_names: Sequence[str]
    state: Mapping[str, Sequence[keras.Variable]]
    stop_training: bool

    def update(self, inputs: Inputs) -> Mapping[str, tf.Tensor]:
        """One update on one batch; scalars by name, "loss" among them."""

    def test_losses(self, inputs: Inputs, key: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """The same scalars without an update."""

    def finalize(self) -> None:
        """Gives the variables their final values, when training ends."""

    def save_in(self, directory: Path) -> list[Path]:
        """Writes the trained model's files; returns their paths."""


class Trainer:
    """Trains one model on one feed.

    Steps run in a compiled loop that draws its own batches. Between calls the host only checks the
    clock, signals and callbacks. The number of steps per call depends on the clock, and does not
    change the result, since batches and noise are keyed by the step.

    Args:
        model: compiled, and built under `strategy`.
        feed: gives the batches.
        batch_size: images per update.
        seed: of the batches; the model has its own for the noise.
        strategy: of tf.distribute, over whose replicas a batch is spread; None for one device.
        jit_compile: compile the loop with XLA; None: where there is a GPU, no strategy, and a feed
            that draws on the device. Slabs would be compiled anew for each number of steps.
        steps_per_epoch: updates in an epoch, for callbacks; None: there is only one epoch.

    Raises:
        UserError: the batch does not divide over the replicas, or into the groups of the feed.
    """

    def __init__(
        self,
        model: Trainable,
        feed: Feed,
        batch_size: int,
        seed: int,
        strategy: tf.distribute.Strategy | None = None,
        jit_compile: bool | None = None,
        steps_per_epoch: int | None = None,
    ):
        self.model, self.feed, self.batch_size, self.seed = model, feed, batch_size, seed
        self.strategy = strategy if strategy and strategy.num_replicas_in_sync > 1 else None
        replicas = self.strategy.num_replicas_in_sync if self.strategy else 1
        if batch_size % replicas:
            raise UserError(
                f"model.batch_size is {batch_size}: expected a multiple of the {replicas} replicas."
            )
        group_size = feed.draw.group_size
        if batch_size // replicas % group_size:
            raise UserError(
                f"model.batch_size is {batch_size}: expected a multiple of {replicas * group_size},"
                f" since {group_size} images belong together."
            )
        self.names = model.value_names
        self.steps_per_epoch = steps_per_epoch
        self._drawn = batch_size * model.batches_per_step
        self._replica_size = batch_size // replicas
        if jit_compile is None:
            on_gpu = bool(tf.config.list_physical_devices("GPU"))
            jit_compile = on_gpu and not self.strategy and isinstance(feed, DeviceFeed)
        self.jit_compile = jit_compile
        # Slabs of any number of steps share one trace. Keras traces a train_step without autograph
        # as well, which would take twice the time of the trace itself.
        traced = {"jit_compile": jit_compile, "reduce_retracing": True, "autograph": False}
        self._train = tf.function(self._train_steps, **traced)
        self._test = tf.function(self._test_steps, **traced)
        self._steps_per_call, self._calls = 1, 0
        # A warm start may begin within an epoch: its updates so far are fewer than its place in it.
        self._epoch_sums, self._epoch_count = np.zeros(len(self.names)), 0

    def run(
        self,
        until: int,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Trains up to step `until`, or until `should_stop` is true between two calls.

        Args:
            until: the step to stop at.
            callbacks: Keras callbacks, with their model set; `on_train_batch_end` is called after
                each call of the compiled loop, with the means over the epoch so far.
            should_stop: checked between two calls, as is the model's `stop_training`, which
                callbacks set.

        Raises:
            UserError: a term is not finite; names it and its step.
        """
        step = self.model.steps
        epoch_steps = self.steps_per_epoch or until
        self.model.stop_training = False
        while step < until and not self.model.stop_training and not should_stop():
            epoch = step // epoch_steps
            if self._epoch_count == 0:
                self._epoch_sums[:] = 0.0
                _tell(callbacks, "on_epoch_begin", epoch)
            stops = [step + every - step % every for every in _intervals(callbacks)]
            stops.append((epoch + 1) * epoch_steps)
            count = min(until, *stops, step + self._steps_per_call) - step
            _tell(callbacks, "on_train_batch_begin", self._epoch_count)
            done = self._call(step, count)
            step, self._epoch_count = step + done, self._epoch_count + done
            means = dict(zip(self.names, (self._epoch_sums / self._epoch_count).tolist()))
            _tell(callbacks, "on_train_batch_end", self._epoch_count - 1, means)
            if step % epoch_steps == 0:
                self._epoch_count = 0
                _tell(callbacks, "on_epoch_end", epoch, means)

    def get_state(self) -> dict[str, Any]:
        """The sums over the epoch so far, for a run that is resumed; goes into JSON."""
        return {"epoch_sums": self._epoch_sums.tolist(), "epoch_count": self._epoch_count}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restores the state of `get_state`."""
        self._epoch_sums, self._epoch_count = np.array(state["epoch_sums"]), state["epoch_count"]

    def test_losses(self, num_batches: int, first_batch: int = 0) -> dict[str, float]:
        """The mean loss and terms over separate batches and noise, without an update.

        Args:
            num_batches: how many.
            first_batch: the number of the first, so that two sets of batches can be kept apart.
        """
        sums = np.zeros(len(self.names))
        for first in range(0, num_batches, _MOST_STEPS // 8):
            count = min(num_batches - first, _MOST_STEPS // 8)
            seed = self._evaluation_seed()
            start = first_batch + first
            slab = self.feed.slab(seed, start, count, self._drawn)
            sums += self._test(slab, tf.constant(start), tf.constant(count)).numpy()
        return dict(zip(self.names, sums / num_batches))

    def _evaluation_seed(self) -> int:
        return int(self.seed) ^ Salt.EVALUATION

    def _call(self, step: int, count: int) -> int:
        """Runs up to `count` updates and sums their values; returns the number of updates."""
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
        # Sums of float32 in float64 are exact: it does not matter how many updates are in a call.
        self._epoch_sums += sums.numpy()
        return done

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
        self, slab: Slab, first_step: tf.Tensor, count: tf.Tensor
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

    def _test_steps(self, slab: Slab, first: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
        def body(position: tf.Tensor, sums: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            key = step_key(self._evaluation_seed(), first + position)
            noise = subkey(key, Salt.EVALUATION)
            return position + 1, sums + self._on_replicas(
                slab, position, key, lambda inputs: self.model.test_losses(inputs, noise)
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
        slab: Slab,
        position: tf.Tensor,
        key: tf.Tensor,
        function: Callable[[Inputs], Mapping[str, tf.Tensor]],
    ) -> tf.Tensor:
        """The mean over replicas of what `function` gives for each one's part of the batch."""

        def part() -> tf.Tensor:
            inputs = self.feed.batch(slab, position, key, self._drawn)
            if self.strategy:
                rows = own_rows(tf.constant(self._replica_size))
                # Of a second batch, the same rows: a replica splits what it gets in two.
                starts = range(0, self._drawn, self.batch_size)
                rows = tf.concat([start + rows for start in starts], axis=0)
                inputs = map_tensors(lambda tensor: tf.gather(tensor, rows), inputs)
            values = function(inputs)
            return tf.stack([tf.cast(values[name], tf.float32) for name in self.names])

        if not self.strategy:
            return part()
        parts = self.strategy.run(part)
        return self.strategy.reduce(tf.distribute.ReduceOp.MEAN, parts, axis=None)


def _intervals(callbacks: Sequence[keras.callbacks.Callback]) -> list[int]:
    """The interval at which a callback has to be called; None for Keras' own."""
    return [every for each in callbacks if (every := getattr(each, "every", 0))]


def _tell(callbacks: Sequence[keras.callbacks.Callback], event: str, *arguments: Any) -> None:
    for callback in callbacks:
        getattr(callback, event)(*arguments)
