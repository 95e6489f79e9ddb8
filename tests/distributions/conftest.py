import numpy as np
import pytest


@pytest.fixture
def arrays():
    random_state = np.random.RandomState(0)
    return {
        "mean": random_state.normal(size=(16, 5)).astype(np.float32),
        "log_variance": random_state.normal(scale=0.7, size=(16, 5)).astype(np.float32),
        "z": random_state.normal(size=(16, 5)).astype(np.float32),
    }
