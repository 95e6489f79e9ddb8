import subprocess
import sys

import pytest


def run(code):
    code = f"import sys\nfrom tfdis.tensorflow_import import prepare\n{code}"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_a_command_gets_keras_without_its_optional_packages_and_then_the_packages():
    run(
        "prepare()\n"
        "import tensorflow, keras, tensorflow_probability as tfp\n"
        "tfp.distributions.Normal\n"
        "assert not {'pandas', 'sklearn', 'matplotlib', 'scipy.ndimage'} & set(sys.modules)\n"
        "import numpy as np, pandas, scipy.stats, sklearn.svm, matplotlib.pyplot\n"
        "assert keras.layers.Dense(2)(np.ones([1, 1])).shape == (1, 2)"
    )


def test_commands_that_need_no_tensorflow_import_none():
    run(
        "from tfdis.cli import aggregate, rank, report, sweep, train\n"
        "from tfdis.study import aggregate, launch, report, states, study, view\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
