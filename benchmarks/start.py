"""From a command to the first training step, and to the first batch of images encoded.

    python benchmarks/start.py [--rounds=5] [--cores=0] [--gin_file=beta_tcvae.gin] [--source=DIR]

Seconds of CPU and by the clock, from the start of the process: imports, gin, the data set, the
networks, tracing, and the step itself. `--source=DIR` adds another checkout of tfdis; the two take
turns.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

_PLACES = {
    "train": ("tfdis.training.loop", "Trainer", "_call"),
    "evaluate": ("tfdis.evaluation.sources", "DataSource", "encode"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", default=",".join(map(str, sorted(os.sched_getaffinity(0)))))
    parser.add_argument("--gin_file", default="beta_tcvae.gin")
    parser.add_argument("--source", type=Path, help="another checkout of tfdis to compare with")
    arguments = parser.parse_args()
    sources = {"tfdis": Path(__file__).parents[1]}
    if arguments.source:
        sources[f"tfdis of {arguments.source.name}"] = arguments.source
    taken = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, source in enumerate(sources.values()):
            train = ["train", f"--gin_file={arguments.gin_file}", f"--model_dir={folder}/{number}"]
            short = ("model.training_steps = 1", "model.eval_steps = 1", "model.callbacks = []")
            train += [f"--gin_bindings={binding}" for binding in short]
            run(["-m", f"tfdis.cli.{train[0]}", *train[1:]], source, arguments.cores)
        for turn in range(arguments.rounds):
            for number, (name, source) in enumerate(sources.items()):
                ways = {
                    "train": [
                        f"--gin_file={arguments.gin_file}",
                        f"--model_dir={folder}/{number}_{turn}",
                    ],
                    "evaluate": [
                        f"--model_dir={folder}/{number}",
                        f"--output_dir={folder}/{number}_{turn}_scores",
                        "--metrics=mig",
                    ],
                }
                for command, options in ways.items():
                    start = time.monotonic()
                    out = run([__file__, command, *options], source, arguments.cores)
                    clock = time.monotonic() - start
                    taken.setdefault((command, name), []).append((float(out.split()[-1]), clock))
    print(f"cores {arguments.cores}; load of the machine at the end {os.getloadavg()[0]:.1f}")
    for (command, name), times in taken.items():
        cpu, clock = (statistics.median(column) for column in zip(*times))
        print(f"  tfdis-{command:9} {name:14} {cpu:5.1f} s of CPU, {clock:5.1f} s by the clock")


def run(command, source, cores):
    environment = {**os.environ, "PYTHONPATH": str(source), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = ["taskset", "-c", cores, sys.executable, *command]
    return subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def run_until_first(command, options):
    """A command's process: ends when the first call is done, and says what CPU it took."""
    threading.Thread(target=_wait_and_wrap, args=_PLACES[command], daemon=True).start()
    main = __import__(f"tfdis.cli.{command}", fromlist=["main"]).main
    sys.exit(main(options) or "the command ended without a call")


def _wait_and_wrap(module, owner, method):
    while not hasattr(sys.modules.get(module), owner):
        time.sleep(0.005)
    owner = getattr(sys.modules[module], owner)
    called = getattr(owner, method)

    def wrapped(*arguments, **kwargs):
        called(*arguments, **kwargs)
        print(time.process_time(), flush=True)
        os._exit(0)

    setattr(owner, method, wrapped)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in _PLACES:
        run_until_first(sys.argv[1], sys.argv[2:])
    main()
