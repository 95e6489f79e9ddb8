"""A Ray cluster of two nodes on this machine, one of which is killed in the middle of a study."""

import io
import threading
import time

import pytest
from fake_stages import make_study, options, pids, steps_made

from tfdis.errors import UserError
from tfdis.study.launch_ray import launch_ray
from tfdis.study.states import States

ray = pytest.importorskip("ray", reason="the extra 'ray' is not installed")


def test_too_small_a_cluster_is_told_before_anything_runs():
    from tfdis.study.launch_ray import _slots_that_fit

    assert _slots_that_fit({"CPU": 8, "GPU": 1}, cores=2, gpus=0.2) == 4
    assert _slots_that_fit({"CPU": 64, "GPU": 2}, cores=1, gpus=0.25) == 8
    with pytest.raises(UserError, match="2 cores and 0 GPUs"):
        _slots_that_fit({"CPU": 2}, cores=1, gpus=0.5)


@pytest.mark.slow
def test_a_study_survives_the_loss_of_a_node(tmp_path):
    from ray.cluster_utils import Cluster

    directory = tmp_path / "study"
    steps = 60
    settings = [
        {"fake.num": num, "fake.steps": steps, "fake.step_seconds": 0.05} for num in range(8)
    ]
    study = make_study(directory, settings)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    other = cluster.add_node(num_cpus=1)
    states = States(directory)
    killed = threading.Event()

    def has_two_under_way():
        running = [
            num for num, tried in states.attempts().items() if states.status(tried) == "running"
        ]
        begun = [num for num in running if (directory / str(num) / "steps.txt").exists()]
        return len(begun) == 2 and all(len(steps_made(directory, num)) > 5 for num in begun)

    def kill_a_node():
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if has_two_under_way():
                cluster.remove_node(other, allow_graceful=False)
                killed.set()
                return
            time.sleep(0.1)

    killer = threading.Thread(target=kill_a_node, daemon=True)
    killer.start()
    try:
        snapshot = launch_ray(
            study, directory, options(), address=cluster.address, out=io.StringIO()
        )
        killer.join()
    finally:
        cluster.shutdown()
    assert killed.is_set()
    assert snapshot.counts == {"done": 8}
    attempts = States(directory).attempts()
    endings = [[attempt.status for attempt in attempts[num]] for num in range(8)]
    assert sorted(endings) == [["done"]] * 7 + [["lost", "done"]]
    assert all(steps_made(directory, num) == list(range(steps)) for num in range(8))
    assert len(set.union(*(pids(directory, num) for num in range(8)))) >= 2
