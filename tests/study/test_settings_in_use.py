"""No setting of a ready study binds in vain; one that does is refused."""

import gin
import pytest

from tfdis import config
from tfdis.data.named import NamedData
from tfdis.data.sprites import Sprites
from tfdis.errors import UserError
from tfdis.study.stages import real_stages, run_model
from tfdis.study.study import Study, read_study
from tfdis.training import train as training
from tfdis.unused_bindings import LATER, unused


class _Built(Exception):
    pass


def _unused_of(study, model_num, monkeypatch):
    """What a training would tell after building its model; data that is not here is replaced."""

    def ends(*_, **__):
        raise _Built

    monkeypatch.setattr(training, "Trainer", ends)
    named = NamedData("any", Sprites, "", "")
    monkeypatch.setattr("tfdis.data.named.find_named_data", lambda name: named)
    files = [str(path) for path in study.model_configs]
    with config.parsed(files, study.model_bindings(model_num)):
        with pytest.raises(_Built):
            training.train("never_written")
        return [name for name in unused(LATER) if name in study.setting(model_num)]


@pytest.mark.parametrize(
    ("name", "kinds_at_least"),
    [
        ("small", 5),
        ("shifts", 1),
        pytest.param("latents", 5, marks=pytest.mark.slow),
        pytest.param("methods", 5, marks=pytest.mark.slow),
        pytest.param("unsupervised_study_v1", 5, marks=pytest.mark.slow),
        pytest.param("fairness_study_v1", 5, marks=pytest.mark.slow),
        pytest.param("abstract_reasoning_study_v1", 5, marks=pytest.mark.slow),
    ],
)
def test_no_setting_of_a_ready_study_binds_in_vain(name, kinds_at_least, monkeypatch):
    study = read_study([f"studies/{name}.gin"])
    kinds = {}
    for number, setting in enumerate(study.settings):
        kinds.setdefault((setting["model.model"], frozenset(setting)), number)
    assert len(kinds) >= kinds_at_least
    for number in kinds.values():
        assert _unused_of(study, number, monkeypatch) == []


def test_a_setting_that_nothing_uses_is_refused(tmp_path):
    small = tmp_path / "small.gin"
    small.write_text(
        'dataset.name = "dummy_data"\n'
        "model.model = @vae()\nvae.beta = 1.0\nmodel.training_steps = 1\n"
        "model.random_seed = 0\nmodel.batch_size = 4\nmodel.eval_steps = 1\n"
        "encoder.num_latent = 2\nencoder.encoder_fn = @test_encoder\n"
        "decoder.decoder_fn = @test_decoder\nreconstruction_loss.loss_fn = @l2_loss\n"
        "vae_optimizer.optimizer_fn = @AdamOptimizer\nfactor_vae.gamma = 3.0\n"
    )
    settings = [{"beta_tc_vae.beta": 6.0}, {"vae.beta": 6.0}]
    study = Study("mistaken", settings, (small,), visualize=False)
    with pytest.raises(UserError, match=r"^Nothing uses factor_vae\.gamma, beta_tc_vae\.beta: "):
        run_model(study, 0, tmp_path / "0", real_stages())
    assert not (tmp_path / "0" / "model").exists()
    gin.clear_config()
    run_model(study, 1, tmp_path / "1", real_stages())
