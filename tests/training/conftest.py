import pytest

_TINY = [
    'dataset.name = "sprites"',
    "model.training_steps = 20",
    "model.random_seed = 0",
    "model.batch_size = 16",
    "model.eval_steps = 2",
    "model.log_every = 5",
    "encoder.num_latent = 3",
    "encoder.encoder_fn = @test_encoder",
    "decoder.decoder_fn = @test_decoder",
    "discriminator.discriminator_fn = @fc_discriminator",
    "fc_discriminator.layer_size = 8",
    "fc_discriminator.num_layers = 1",
    "reconstruction_loss.loss_fn = @bernoulli_loss",
    "vae_optimizer.optimizer_fn = @AdamOptimizer",
    "discriminator_optimizer.optimizer_fn = @AdamOptimizer",
    "AdamOptimizer.learning_rate = 0.001",
    "model.model = @loss_terms()",
    "loss_terms.terms = [@reconstruction_loss(), @kl(), @density_ratio(), @mmd()]",
    "density_ratio.weight = 2.0",
    "mmd.weight = 5.0",
    "mmd.num_draws = 50",
]


@pytest.fixture(scope="session")
def tiny():
    """Bindings of a run that takes a second and has every kind of state: `tiny("a.b = 1", ...)`."""
    return lambda *bindings: [*_TINY, *bindings]
