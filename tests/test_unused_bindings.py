from pathlib import Path

import gin
import pytest

from tfdis import config
from tfdis.errors import UserError
from tfdis.unused_bindings import (
    LATER,
    strictly,
    tell_unused,
    told_together,
    untold,
    unused,
)

_BOUND = [
    "fc_encoder.layer_sizes = [5]",
    "conv_encoder.width = 0.1",
    "fc_decoder.layer_sizes = [7]",
]
_NETWORK = ["encoder.num_latent = 2", "encoder.encoder_fn = @first/fc_encoder"]


def _encoder():
    gin.get_configurable("encoder")((4, 4, 1))


def test_only_what_nothing_used_is_named():
    bindings = [
        *_NETWORK,
        "SIZE = 3",
        "first/fc_encoder.layer_sizes = [%SIZE]",
        "second/fc_encoder.layer_sizes = [4]",
        "fc_encoder.layer_sizes = [5]",
        "conv_encoder.width = 0.5",
        "mig.num_train = 100",
    ]
    with config.parsed([], bindings):
        _encoder()
        wanted = ["second/fc_encoder.layer_sizes", "fc_encoder.layer_sizes", "conv_encoder.width"]
        assert sorted(unused(LATER)) == sorted(wanted)
        assert sorted(unused()) == sorted([*wanted, "mig.num_train"])


def test_what_a_callers_value_overrides_is_not_used():
    with config.parsed([], ["fc_encoder.layer_sizes = [5]"]):
        gin.get_configurable("fc_encoder")(2, (4, 4, 1), layer_sizes=[6])
        assert unused() == ["fc_encoder.layer_sizes"]


def test_what_is_referred_to_counts_as_used():
    bindings = [
        *_NETWORK,
        "vae_optimizer.optimizer_fn = @AdamOptimizer",
        "AdamOptimizer.learning_rate = @rate/LinearSchedule()",
        "rate/LinearSchedule.initial = 0.1",
        "discriminator_optimizer.optimizer_fn = @Ftrl",
        "Ftrl.beta = 0.1",
    ]
    with config.parsed([], bindings):
        _encoder()
        assert sorted(unused()) == [
            "AdamOptimizer.learning_rate",
            "Ftrl.beta",
            "discriminator_optimizer.optimizer_fn",
            "rate/LinearSchedule.initial",
            "vae_optimizer.optimizer_fn",
        ]
        with pytest.raises(TypeError, match="No values supplied"):
            gin.get_configurable("vae_optimizer")()
        assert sorted(unused()) == ["Ftrl.beta", "discriminator_optimizer.optimizer_fn"]


def test_a_warning_or_under_strictly_an_error(capsys):
    with config.parsed([], [*_NETWORK, "fc_decoder.layer_sizes = [7]", "conv_encoder.width = 0.5"]):
        _encoder()
        tell_unused(but=["fc_decoder.layer_sizes"])
        assert capsys.readouterr().err == (
            "warning: nothing uses conv_encoder.width: leave it out, or bind parameters of what "
            "the config chooses.\n"
        )
        with strictly(), pytest.raises(UserError, match=r"^Nothing uses fc_decoder"):
            tell_unused()
        with strictly():
            tell_unused(but=["conv_encoder.width", "fc_decoder.layer_sizes"])
        with strictly(), untold():
            tell_unused()
    assert capsys.readouterr().err == ""


def test_what_others_wrote_is_not_told(tmp_path):
    paths = {}
    for name in ("mine", "model", "disentanglement_lib"):
        (tmp_path / name).mkdir()
        paths[name] = str(tmp_path / name / "some.gin")
        Path(paths[name]).write_text("fc_decoder.layer_sizes = [7]\n")
    ready = [paths["disentanglement_lib"], "metrics/mig.gin"]
    with config.parsed(ready, _NETWORK, read_back=[paths["model"]]):
        _encoder()
        assert unused() == []
    with config.parsed([*ready, paths["mine"]], _NETWORK, read_back=[paths["model"]]):
        _encoder()
        assert unused() == ["fc_decoder.layer_sizes"]


def test_together_what_no_call_used(capsys):
    with told_together():
        for used in ("fc_encoder", "conv_encoder"):
            with config.parsed([], _BOUND), told_together():
                gin.get_configurable(used)(2, (64, 64, 1))
                tell_unused()
    assert "nothing uses fc_decoder.layer_sizes: leave it out" in capsys.readouterr().err
