"""The two gin files that disentanglement_lib's repository has beside those of its package.

They train on dsprites_full, of which a small stand-in lies here. Their bindings are repeated, since
no package installs them; test_dlib_gin_files.py runs the package's 65.
"""

import pytest

from tfdis.postprocessing.postprocess import postprocess_with_gin
from tfdis.training.train import train_with_gin

_MODEL = """
dataset.name = "dsprites_full"
model.batch_size = 64
model.model = @vae()
model.random_seed = 0
vae.beta = 4
encoder.num_latent = 10
encoder.encoder_fn = @conv_encoder
decoder.decoder_fn = @deconv_decoder
reconstruction_loss.loss_fn = @bernoulli_loss
model.training_steps = 5
vae_optimizer.optimizer_fn = @AdamOptimizer
AdamOptimizer.beta1 = 0.9
AdamOptimizer.beta2 = 0.999
AdamOptimizer.epsilon = 1e-08
AdamOptimizer.learning_rate = 0.0001
AdamOptimizer.name = 'Adam'
AdamOptimizer.use_locking = False
"""
_POSTPROCESS = """
dataset.name = "auto"
postprocess.postprocess_fn = @mean_representation
postprocess.random_seed = 0
"""


@pytest.mark.slow
def test_the_examples_run(dsprites_file, tmp_path):
    for name, text in (("model.gin", _MODEL), ("postprocess.gin", _POSTPROCESS)):
        (tmp_path / name).write_text(text)
    model, out = tmp_path / "vae", tmp_path / "representation"
    trained = train_with_gin(model, False, [tmp_path / "model.gin"], ["model.eval_steps = 1"])
    assert trained.model.steps == 5
    postprocess_with_gin(model, out, gin_config_files=[tmp_path / "postprocess.gin"])
    assert (out / "tfhub").is_dir()
