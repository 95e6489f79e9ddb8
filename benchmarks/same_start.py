"""A beta-VAE of both libraries from the same weights on the same batches: only the noise differs.

    python3.7 benchmarks/same_start.py original --output_dir=DIR --noise=3
    python benchmarks/same_start.py tfdis --output_dir=DIR --noise=3
    python benchmarks/same_start.py show --output_dir=DIR

The original's first model writes its initial weights and its batches for all others, with another
noise each. Its environment and the data are those of benchmarks/learning_curves.py. `show` prints
the step about which the mean of 25 steps falls below 450 nats, which is the end of the first
plateau, and the mean reconstruction loss of every 50 steps.
"""

import argparse
from pathlib import Path

import numpy as np

GIN_FILE = str(Path(__file__).resolve().with_name("learning_curves.gin"))
SEED, BETA, BATCH_SIZE = 3, 4.0, 64
WINDOW, THRESHOLD = 25, 450.0
# The original's layers in the order of tfdis' variables.
LAYERS = [f"encoder/{name}" for name in ("e1", "e2", "e3", "e4", "e5", "means", "log_var")]
LAYERS += [f"decoder/dense{suffix}" for suffix in ("", "_1")]
LAYERS += [f"decoder/conv2d_transpose{suffix}" for suffix in ("", "_1", "_2", "_3")]


def main():
    """Trains one side, or shows both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["original", "tfdis", "show"])
    parser.add_argument("--output_dir", type=Path, required=True)
    parser.add_argument("--noise", type=int, default=3, help="its seed")
    parser.add_argument("--steps", type=int, default=560)
    arguments = parser.parse_args()
    if arguments.command == "show":
        show(arguments.output_dir)
        return
    arguments.output_dir.mkdir(parents=True, exist_ok=True)
    train = {"original": train_original, "tfdis": train_tfdis}[arguments.command]
    losses = train(arguments.output_dir, arguments.noise, arguments.steps)
    np.save(str(arguments.output_dir / f"{arguments.command}-{arguments.noise}.npy"), losses)


def train_original(output_dir, noise, steps):
    """The reconstruction loss of every step; for Python 3.7."""
    import tensorflow.compat.v1 as tf
    from disentanglement_lib.data.ground_truth import dsprites
    from disentanglement_lib.methods.unsupervised import train
    from tensorflow.contrib import tpu

    losses, run_config, estimator = [], tpu.RunConfig, tpu.TPUEstimator

    class Collect(tf.train.SessionRunHook):
        def __init__(self, tensors, every_n_iter):
            self.loss = tensors["reconstruction_loss"]

        def before_run(self, run_context):
            return tf.train.SessionRunArgs(self.loss)

        def after_run(self, run_context, run_values):
            losses.append(run_values.results)

    more = {"tf_random_seed": noise, "keep_checkpoint_max": 5}
    tpu.RunConfig = lambda **k: run_config(**dict(k, **more))
    checkpoint = output_dir / "checkpoint"
    if checkpoint.is_dir():
        start = str(checkpoint / "model.ckpt-0")
        tpu.TPUEstimator = lambda **k: estimator(warm_start_from=start, **k)
    tf.train.LoggingTensorHook = Collect
    bindings = ["model.model = @vae()", f"vae.beta = {BETA}", "model.eval_steps = 1"]
    bindings += [f"model.random_seed = {SEED}", f"model.training_steps = {steps}"]
    model_dir = output_dir / f"original-{noise}"
    train.train_with_gin(str(model_dir), True, [GIN_FILE], bindings)
    if not checkpoint.is_dir():
        (model_dir / "tf_checkpoint").rename(checkpoint)
        reader = tf.train.load_checkpoint(str(checkpoint / "model.ckpt-0"))
        names = [f"{layer}/{part}" for layer in LAYERS for part in ("kernel", "bias")]
        np.savez(str(output_dir / "weights.npz"), *[reader.get_tensor(name) for name in names])
        # As its training draws them, image by image, from the first number that the seed gives.
        state = np.random.RandomState(np.random.RandomState(SEED).randint(2**32))
        data = dsprites.DSprites()
        images = [data.sample_observations(1, state)[0] for _ in range(steps * BATCH_SIZE)]
        np.save(str(output_dir / "images.npy"), np.array(images, np.uint8))
    return np.array(losses)


def train_tfdis(output_dir, noise, steps):
    """The reconstruction loss of every step."""
    import tensorflow as tf

    import tfdis.training.train  # noqa: F401  registers what the gin file binds
    from tfdis import config
    from tfdis.batch import Inputs
    from tfdis.data.named import get_named_ground_truth_data
    from tfdis.models.presets import vae
    from tfdis.optimizers import make_vae_optimizer

    images = np.load(output_dir / "images.npy")
    batches = tf.constant(images.reshape(-1, BATCH_SIZE, *images.shape[1:]))
    with config.parsed([GIN_FILE], []):
        model = vae(beta=BETA)(get_named_ground_truth_data(), noise)
        model.compile(make_vae_optimizer())
    variables = model.encoder.trainable_variables + model.decoder.trainable_variables
    weights = np.load(output_dir / "weights.npz")
    for variable, name in zip(variables, weights.files, strict=True):
        variable.assign(weights[name])

    @tf.function(autograph=False)
    def update(step):
        return model.update(Inputs(tf.cast(batches[step], tf.float32)))["reconstruction_loss"]

    return np.array([update(tf.constant(step)) for step in range(steps)])


def show(output_dir):
    """Prints a line for each model."""
    for path in sorted(output_dir.glob("*-*.npy")):
        losses = np.load(path)
        smooth = np.convolve(losses, np.full(WINDOW, 1 / WINDOW), "valid")
        below = np.flatnonzero(smooth < THRESHOLD)
        end = below[0] + WINDOW // 2 if len(below) else None
        means = [losses[start : start + 50].mean() for start in range(0, len(losses) - 49, 50)]
        means = " ".join(f"{mean:6.1f}" for mean in means)
        print(f"{path.stem:13} below {THRESHOLD:.0f} at {end}; {means}")


if __name__ == "__main__":
    main()
