import keras
import numpy as np
import pytest

from tfdis.reasoning.wild_relation_network import WildRelationNetwork

NODES = np.random.default_rng(0).normal(size=(3, 6, 9, 5)).astype(np.float32)


def _network(**kwargs):
    keras.utils.set_random_seed(0)
    network = WildRelationNetwork([7, 8], [16, 12], **kwargs)
    network(NODES)
    return network


def test_scores_are_those_of_the_network_written_out():
    network = _network()
    weights = {variable.path.split("/", 1)[-1]: variable for variable in network.variables}
    assert len(weights) == len(network.variables)
    relu = lambda x: np.maximum(x, 0)  # noqa: E731
    dense = [(np.asarray(layer.kernel), np.asarray(layer.bias)) for layer in network.edge_layers]
    graph = [(np.asarray(layer.kernel), np.asarray(layer.bias)) for layer in network.graph_layers]
    first = np.asarray(network.first_kernel), np.asarray(network.first_bias)
    last = np.asarray(network.score.kernel), np.asarray(network.score.bias)
    expected = np.zeros((3, 6))
    for matrix in range(3):
        for answer in range(6):
            placed = [np.concatenate([NODES[matrix, answer, i], np.eye(9)[i]]) for i in range(9)]
            total = 0.0
            for one in placed:
                for other in placed:
                    edge = np.concatenate([one, other])
                    for kernel, bias in (first, *dense):
                        edge = relu(edge @ kernel + bias)
                    total = total + edge
            for kernel, bias in graph:
                total = relu(total @ kernel + bias)
            expected[matrix, answer] = (total @ last[0] + last[1])[0]
    np.testing.assert_allclose(network(NODES), expected, rtol=1e-4)


@pytest.mark.parametrize("keep", [None, 0.5])
def test_units_are_dropped_by_the_key_and_only_in_training(keep):
    network = _network(keep=keep)
    plain = np.asarray(network(NODES))
    drawn = [np.asarray(network(NODES, key=np.array([0, i], np.int32))) for i in range(8)]
    again = np.asarray(network(NODES, key=np.array([0, 0], np.int32)))
    np.testing.assert_array_equal(drawn[0], again)
    same = [np.allclose(each, plain) for each in drawn]
    assert all(same) if keep is None else not all(same)
    loaded = WildRelationNetwork.from_config(network.get_config())
    assert (loaded.edge_mlp, loaded.graph_mlp, loaded.keep) == ([7, 8], [16, 12], keep)
