"""Runs a study on a Ray cluster. Every slot of the cluster supervises one worker process.

Models are claimed in the study's directory, which all nodes share, and not by Ray: a slot that
Ray starts again after the loss of a node takes over what is left, as any other launcher would.
"""

import logging
from pathlib import Path
from typing import Any, TextIO

from tfdis.errors import UserError
from tfdis.extras import require
from tfdis.signals import noticed
from tfdis.study.launch import Stopped, watch
from tfdis.study.states import States
from tfdis.study.study import Study
from tfdis.study.supervisor import Supervisor, WorkerOptions
from tfdis.study.view import Snapshot
from tfdis.study.worker import parse_models


def launch_ray(
    study: Study,
    directory: str | Path,
    options: WorkerOptions,
    address: str | None = None,
    num_workers: int | None = None,
    cores_per_model: int = 1,
    gpus_per_model: float = 0.0,
    environment: dict[str, str] | None = None,
    out: TextIO | None = None,
) -> Snapshot:
    """Runs models on a Ray cluster until every one is done or failed.

    Args:
        study: the study that `save_study` returned.
        directory: its directory, under the same path on every node.
        options: passed to the workers.
        address: of the cluster; None: RAY_ADDRESS, or a new one on this machine.
        num_workers: models at a time; None: as many as fit now.
        cores_per_model: cores that one model takes.
        gpus_per_model: GPUs that one model takes, such as 0.25.
        environment: further environment variables of the workers.
        out: where to show progress; None: the standard error.

    Returns:
        The state of the study at the end.

    Raises:
        Stopped: SIGINT or SIGTERM came.
        UserError: ray is not installed, the cluster is not found, or the workers cannot work.
    """
    ray = _connected(address)
    directory = str(Path(directory).resolve())
    if gpus_per_model:
        environment = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", **(environment or {})}
    try:
        slots = num_workers or _slots_that_fit(
            ray.cluster_resources(), cores_per_model, gpus_per_model
        )
        # A slot ends only when all models are done or failed, so it restarts after each lost node.
        remote = ray.remote(
            num_cpus=cores_per_model, num_gpus=gpus_per_model, max_retries=-1, max_calls=1
        )(_supervise)
        tasks = [
            remote.remote(directory, options, cores_per_model, environment) for _ in range(slots)
        ]
        with noticed() as interrupt:
            snapshot = watch(
                study,
                directory,
                options,
                interrupt,
                lambda: _is_over(ray, tasks, study, directory, options),
                lambda: "",
                out,
            )
        for task in tasks:
            ray.cancel(task)  # a KeyboardInterrupt, at which a slot stops its worker
        if interrupt:
            ray.wait(tasks, num_returns=len(tasks), timeout=60)
            raise Stopped(f"Stopped; the same command continues {directory}.")
    finally:
        ray.shutdown()
    return snapshot


def _supervise(
    directory: str,
    options: WorkerOptions,
    threads: int,
    environment: dict[str, str] | None,
) -> str | None:
    """Supervises one worker on the node it runs on; returns an error that the user has to fix."""
    supervisor = Supervisor(directory, options, threads=threads, environment=environment)
    try:
        supervisor.run()
    except UserError as error:
        return str(error)
    finally:
        supervisor.stop()
    return None


def _is_over(ray: Any, tasks: list, study: Study, directory: str, options: WorkerOptions) -> bool:
    states = States(directory, options.max_failures)
    if states.are_settled(parse_models(options.models, study)):
        return True
    ended, _ = ray.wait(tasks, num_returns=len(tasks), timeout=0)
    complaints = [complaint for complaint in ray.get(ended) if complaint]
    if complaints and len(ended) == len(tasks):
        raise UserError(complaints[0])
    return False


def _slots_that_fit(resources: dict[str, float], cores: int, gpus: float) -> int:
    fitting = [int(resources.get("CPU", 0) // cores)] if cores else []
    fitting += [int(resources.get("GPU", 0) / gpus + 1e-6)] if gpus else []
    if min(fitting, default=1) < 1:
        raise UserError(
            f"the Ray cluster has {resources.get('CPU', 0):g} cores and "
            f"{resources.get('GPU', 0):g} GPUs: too few for --cores_per_model={cores} and "
            f"--gpus_per_model={gpus:g}."
        )
    return min(fitting, default=1)


def _connected(address: str | None) -> Any:
    require("ray", "--launcher=ray")
    import ray

    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise UserError(
            f"no Ray cluster was found at {address}: start one with 'ray start --head' and pass "
            f"its address, or --address=auto."
        ) from error
    return ray
