"""A process that runs models of a study, one after another, until none is left.

`python -m tfdis.study.worker DIRECTORY` is started by `tfdis.study.supervisor`. It reads the study
from the directory; the end of its standard input says that its supervisor is gone.
"""

import argparse
import contextlib
import errno
import gc
import os
import pkgutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from tfdis import tensorflow_import
from tfdis.config import one_sentence
from tfdis.errors import UserError
from tfdis.own_modules import import_modules
from tfdis.signals import Interrupted
from tfdis.study.stages import run_model
from tfdis.study.states import Claim, States
from tfdis.study.study import Study, load_study

# Exit codes, besides 0: every model is done or failed.
FAILED = 70  # a model failed in a way that may have harmed this process
RETIRED = 71  # enough models for one process
DISK_FULL = 75
STOPPED = 143  # by SIGTERM


class _Stop(BaseException):
    """SIGTERM came."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs models until all are done or failed; see the exit codes above."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--models", required=True, help="numbers and ranges: 0-99,120")
    parser.add_argument("--cores", help="the cores to run on: 0,1")
    parser.add_argument("--stages", default="tfdis.study.stages:real_stages")
    parser.add_argument("--max_failures", type=int, default=2)
    parser.add_argument("--models_per_process", type=int, default=25)
    parser.add_argument("--import", dest="imports", action="append", default=[])
    parser.add_argument("--import_from", help="the folder of these modules")
    parser.add_argument("--poll_seconds", type=float, default=2.0)
    arguments = parser.parse_args(argv)
    _end_with_standard_input()
    tensorflow_import.prepare()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if arguments.cores:
        os.sched_setaffinity(0, _numbers(arguments.cores))
    try:
        return _work(arguments)
    except _Stop:
        return STOPPED
    except UserError as error:
        print(error, file=sys.stderr)
        return 2


def _work(arguments: argparse.Namespace) -> int:
    import_modules(arguments.imports, arguments.import_from)
    study = load_study(arguments.directory)
    states = States(arguments.directory, arguments.max_failures)
    stages = pkgutil.resolve_name(arguments.stages)()
    model_nums = parse_models(arguments.models, study)
    num_run = 0
    while True:
        try:
            claim = states.claim_next(model_nums)
        except OSError as error:
            if is_disk_full(error):
                return DISK_FULL
            raise
        if claim is not None:
            code = _run_claimed(study, claim, arguments.directory, stages)
            num_run += 1
            if code != 0:
                return code
            if num_run == arguments.models_per_process:
                return RETIRED
        elif states.are_settled(model_nums):
            return 0
        else:
            # Others run the last models; should one of them die, its model is for us.
            time.sleep(arguments.poll_seconds)


def _run_claimed(study: Study, claim: Claim, directory: Path, stages: object) -> int:
    output_dir = directory / str(claim.model_num)
    try:
        with claim.heartbeat(on_loss=lambda: os._exit(FAILED)), _output_to(output_dir / "log.txt"):
            run_model(study, claim.model_num, output_dir, stages)
    except (_Stop, Interrupted):
        claim.release()
        return STOPPED
    except Exception as error:
        if is_disk_full(error):
            claim.release()
            return DISK_FULL
        claim.failed(f"{type(error).__name__}: {one_sentence(error)}", traceback.format_exc())
        if not isinstance(error, UserError):
            return FAILED
    else:
        claim.done()
    _forget_model()
    return 0


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or its cause, is that the disk is full."""
    while error is not None:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            return True
        if os.strerror(errno.ENOSPC) in str(error):  # TensorFlow and HDF5 have it as text alone
            return True
        error = error.__cause__ or error.__context__
    return False


def parse_models(models: str, study: Study) -> list[int]:
    """The model numbers that text such as "0-99,120" names; all of the study's for "all".

    Raises:
        UserError: the text is malformed, or the study has no such model.
    """
    if models == "all":
        return list(range(len(study.settings)))
    try:
        numbers = sorted(_numbers(models))
    except ValueError as error:
        raise UserError(
            f"--models={models} was not understood: write numbers and ranges, such as 0-99,120."
        ) from error
    for number in numbers[:1] + numbers[-1:]:
        study.setting(number)
    return numbers


def _numbers(text: str) -> set[int]:
    numbers: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        span = range(int(first), int(last or first) + 1)
        if not span:
            raise ValueError(f"{part} goes down")
        numbers.update(span)
    return numbers


@contextlib.contextmanager
def _output_to(path: Path) -> Iterator[None]:
    """Appends what the process and its libraries print to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = [os.dup(descriptor) for descriptor in (1, 2)]
    with path.open("ab") as log:
        for descriptor in (1, 2):
            os.dup2(log.fileno(), descriptor)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        for descriptor, kept in zip((1, 2), before):
            os.dup2(kept, descriptor)
            os.close(kept)


def _forget_model() -> None:
    keras = sys.modules.get("keras")
    if keras is not None:
        keras.utils.clear_session()
    gc.collect()


def _end_with_standard_input() -> None:
    def wait() -> None:
        with contextlib.suppress(OSError, ValueError):
            while os.read(0, 4096):
                pass
        os._exit(STOPPED)

    threading.Thread(target=wait, daemon=True).start()


def _stop(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Stop


if __name__ == "__main__":
    sys.exit(main())
