"""Posteriors and priors over the latents, likelihoods of images: tfp distributions."""

from tfdis.distributions.divergence import kl_divergence as kl_divergence
from tfdis.distributions.posteriors import deterministic as deterministic
from tfdis.distributions.posteriors import diagonal_gaussian as diagonal_gaussian
from tfdis.distributions.posteriors import diagonal_laplace as diagonal_laplace
from tfdis.distributions.posteriors import log_variance as log_variance
from tfdis.distributions.posteriors import pairwise_log_density as pairwise_log_density
from tfdis.distributions.posteriors import per_latent as per_latent
from tfdis.distributions.priors import standard_normal as standard_normal
from tfdis.distributions.sampling import draw as draw
from tfdis.distributions.sampling import draws_from as draws_from
