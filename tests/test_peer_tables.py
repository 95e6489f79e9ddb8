"""The tables that lead here from other libraries name what exists."""

import importlib
import re
from pathlib import Path

import gin
import pytest

from tfdis.config import config_dirs, register_all

_DOCS = Path(__file__).parents[1] / "docs"
_TABLES = sorted(_DOCS.glob("from_*.md"))

# Every flag of main.py of Disentanglement-PyTorch (common/arguments.py at 2626252).
_FLAGS = re.findall(
    r"\w+",
    """
aicrowd_challenge evaluation_metric alg controlled_capacity_increase loss_terms name encoder decoder
label_tiler discriminator test max_iter max_epoch batch_size num_disc_layers size_disc_layers z_dim
include_labels l_dim beta1 beta2 lr_G lr_D num_layer_disc size_layer_disc w_recon w_kld max_c
iterations_c w_tc w_infovae w_dipvae w_le w_aux lambda_d_factor lambda_od dset_dir dset_name
image_size num_workers pin_memory train_output_dir test_output_dir file_save gif_save use_wandb
wandb_resume_id traverse_spacing traverse_min traverse_max traverse_z traverse_l traverse_c verbose
ckpt_dir ckpt_load ckpt_load_iternum ckpt_load_optim treat_iter_as_epoch ckpt_save_iter
evaluate_iter float_iter print_iter all_iter recon_iter traverse_iter schedulers_iter lr_scheduler
lr_scheduler_args w_recon_scheduler w_recon_scheduler_args seed
""",
)


def _code(path):
    """What stands between backticks in the table's rows."""
    rows = [line for line in path.read_text().splitlines() if line.startswith("|")]
    return re.findall(r"`([^`]+)`", "\n".join(rows))


def test_every_flag_of_disentanglement_pytorch_stands_in_its_table_and_no_other():
    rows = (_DOCS / "from_disentanglement_pytorch.md").read_text().splitlines()
    firsts = [row.split(" | ")[0] for row in rows if row.startswith("| `--")]
    named = {flag for first in firsts for flag in re.findall(r"--(\w+)", first)}
    assert named == set(_FLAGS)


@pytest.mark.parametrize("path", _TABLES, ids=lambda path: path.stem)
def test_gin_names_and_parameters_exist(path):
    register_all()
    known = 0
    for code in _code(path):
        for reference in re.findall(r"@(?!tf\.)([\w/]+)", code):
            assert gin.config._REGISTRY.get_match(reference), f"@{reference}"
            known += 1
        for name, parameter in re.findall(r"(?<![\w.])(\w+)\.(\w+) = ", code):
            configurable = gin.config._REGISTRY.get_match(name)
            assert configurable, name
            assert gin.config._might_have_parameter(configurable.wrapped, parameter), code
            known += 1
    assert known > 3


@pytest.mark.parametrize("path", _TABLES, ids=lambda path: path.stem)
def test_modules_and_gin_files_exist(path):
    for code in _code(path):
        for name in re.findall(r"^tfdis(?:\.\w+)+", code):
            module, _, attribute = name.rpartition(".")
            try:
                importlib.import_module(name)
            except ModuleNotFoundError:
                assert hasattr(importlib.import_module(module), attribute), name
        for name in re.findall(r"[\w/]+\.gin\b", code):
            assert (config_dirs()[1] / name).is_file(), name
