"""Start-up, random batches and memory of each data set, ours and disentanglement_lib's class.

    python benchmarks/data.py [NAME ...]              the sets whose files are there
    python benchmarks/data.py --synthetic DIR [NAME ...]   full-size stand-ins, written to DIR first

Each line is a process of its own. Start-up is after imports; in brackets the processor's time,
which a busy machine does not change. "first time" is with an empty cache, and unpacks. "host" are
random batches of 64 by sample_observations, "feed" those of the compiled training feed. Anonymous
memory is what the data adds while batches are drawn; mapped files are not in it, and can be
reclaimed.
Needs disentanglement_lib 1.5 in .dlib15 (bin/tfdis-test puts it there).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
BATCH, SECONDS = 64, 3.0
EMBEDDED = ("sprites", "rooms")
SYNTHETIC = ("dsprites_full", "shapes3d", "mpi3d_toy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--synthetic", metavar="DIR")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        name, library = arguments.one
        print(json.dumps(measure_ours(name) if library == "ours" else measure_theirs(name)))
        return
    environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
    names = arguments.names
    if arguments.synthetic:
        environment["DISENTANGLEMENT_LIB_DATA"] = os.environ["DISENTANGLEMENT_LIB_DATA"] = str(
            Path(arguments.synthetic).absolute()
        )
        names = names or SYNTHETIC
        for name in names:
            write_stand_in(name)
    with tempfile.TemporaryDirectory(dir=arguments.synthetic) as cache:
        environment["TFDIS_CACHE"] = cache
        print("| data set | library | start-up s (CPU s) | images/s, host | feed | anonymous MB |")
        print("| --- | --- | --- | --- | --- | --- |")
        for name in names or present():
            if name not in EMBEDDED:
                show(name, "ours, first time", run(name, "ours", environment))
            show(name, "ours", run(name, "ours", environment))
            if name not in EMBEDDED:
                show(name, "disentanglement_lib", run(name, "theirs", environment))


def run(name: str, library: str, environment: dict[str, str]) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", name, library]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"signal {-done.returncode}"])[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def show(name: str, library: str, figures: dict[str, float]) -> None:
    if "failed" in figures:
        print(f"| {name} | {library} | failed: {figures['failed']} | | | |", flush=True)
        return
    feed = f"{figures['feed']:,.0f}" if "feed" in figures else ""
    print(
        f"| {name} | {library} | {figures['start']:.2f} ({figures['cpu']:.2f}) | "
        f"{figures['host']:,.0f} | {feed} | "
        f"{figures['anonymous']:,.0f} |",
        flush=True,
    )


def present() -> list[str]:
    """The sets that are there, by their files."""
    from tfdis.data.files import place
    from tfdis.data.named import all_named_data

    known = {name: getattr(named.make, "files", ()) for name, named in all_named_data().items()}
    there = [name for name, files in known.items() if files and all(map(place, files))]
    return [*EMBEDDED, *there]


def measure_ours(name: str) -> dict[str, float]:
    import tensorflow as tf

    from tfdis.data.named import all_named_data, get_named_ground_truth_data
    from tfdis.keys import step_key

    all_named_data()
    tf.function(lambda: tf.random.normal([BATCH, 64, 64, 3]), jit_compile=True)()
    before, start, cpu = anonymous(), time.perf_counter(), time.process_time()
    data = get_named_ground_truth_data(name)
    feed = data.feed()
    elapsed, cpu = time.perf_counter() - start, time.process_time() - cpu

    steps, done = 8, 0

    @tf.function
    def draw(slab: tuple, first: tf.Tensor) -> tf.Tensor:
        total = 0.0
        for position in tf.range(steps):
            images, _ = feed.batch(slab, position, step_key(0, first + position), BATCH)
            total += tf.reduce_sum(images)
        return total

    draw(feed.slab(0, 0, steps, BATCH), tf.constant(0))
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        done += steps
        draw(feed.slab(0, done, steps, BATCH), tf.constant(done))
    return {
        "start": elapsed,
        "cpu": cpu,
        "feed": done * BATCH / SECONDS,
        "anonymous": (anonymous() - before) / 1e6,
        "host": host_rate(data.sample_observations),
    }


def measure_theirs(name: str) -> dict[str, float]:
    import tensorflow as tf

    from tfdis.evaluation.compat import disentanglement_lib

    library = disentanglement_lib(ROOT / ".dlib15")
    named = library.module("data.ground_truth.named_data")
    tf.constant(0)
    before, start, cpu = anonymous(), time.perf_counter(), time.process_time()
    data = named.get_named_ground_truth_data(name)
    elapsed, cpu = time.perf_counter() - start, time.process_time() - cpu
    rate, added = host_rate(data.sample_observations), anonymous() - before
    return {"start": elapsed, "cpu": cpu, "host": rate, "anonymous": added / 1e6}


def host_rate(sample: Callable[[int, np.random.RandomState], np.ndarray]) -> float:
    random_state, done = np.random.RandomState(0), 0
    start = time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        done += len(sample(BATCH, random_state))
    return done / (time.perf_counter() - start)


def anonymous() -> float:
    """Bytes of this process that belong to no file."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return 1024.0 * int(line.split()[1])
    raise RuntimeError("/proc/self/smaps_rollup has no line 'Anonymous'")


def write_stand_in(name: str) -> None:
    """Writes a file of the set's format and size, with images of the embedded sets."""
    from tfdis.data.files import data_dir
    from tfdis.data.named import find_named_data, get_named_ground_truth_data

    make = find_named_data(name).make
    images = get_named_ground_truth_data("sprites" if name == "dsprites_full" else "rooms")
    count = int(np.prod(make.factors_num_values))
    path = data_dir() / (make.files[0].alternatives or [make.files[0].path])[0]
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = np.lib.format.open_memmap(
        path.with_suffix(".npy"), "w+", np.uint8, (count, *images.observation_shape)
    )
    for first in range(0, count, 5000):
        last = min(first + 5000, count)
        if first == 0 or name == "dsprites_full":
            part = images.images(np.arange(first, last))
        stored[first:last] = part[: last - first]
    if name == "dsprites_full":
        stored = stored[..., 0] // 255
        metadata = np.array({"latents_sizes": np.array([1, *make.factors_num_values])}, object)
        np.savez_compressed(path, imgs=stored, metadata=metadata)
    elif name == "shapes3d":
        shape = make.factors_num_values
        labels = np.zeros([*shape, len(shape)], np.float32)
        np.savez_compressed(path, images=stored.reshape(*shape, 64, 64, 3), labels=labels)
    else:
        np.savez(path, images=stored)
    path.with_suffix(".npy").unlink()


if __name__ == "__main__":
    main()
