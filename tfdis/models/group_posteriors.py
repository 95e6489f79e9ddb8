"""The shared posteriors of images that share factors (weak supervision).

Images that share a factor are given one posterior for the latents that are taken to encode it; the
other latents keep their own. Methods differ in how posteriors are averaged (GVAE, ML-VAE), and in
how the shared latents are found (from labels; from the data, in Ada-GVAE).

All functions take means and variances of groups, `[groups, group_size, num_latents]`.
"""

import tensorflow as tf

Gaussians = tuple[tf.Tensor, tf.Tensor]


def average_of_moments(mean: tf.Tensor, variance: tf.Tensor) -> Gaussians:
    """GVAE's average: the mean of the means, and the mean of the variances (Hosoya, 2019).

    Returns:
        mean and variance of each group, `[groups, 1, num_latents]`.
    """
    return (
        tf.reduce_mean(mean, axis=1, keepdims=True),
        tf.reduce_mean(variance, axis=1, keepdims=True),
    )


def average_of_precisions(mean: tf.Tensor, variance: tf.Tensor) -> Gaussians:
    """ML-VAE's average: the means weighed by their precisions, and the mean of the precisions.

    The product of n Gaussian densities (Bouchacourt et al., 2018, section 3.2) has this mean, and a
    variance n times smaller. Locatello et al. (2020) take the geometric mean of the densities
    instead, so that more images do not make the posterior narrower; this is theirs.

    Returns:
        mean and variance of each group, `[groups, 1, num_latents]`.
    """
    precision = 1.0 / variance
    average = tf.reduce_mean(precision, axis=1, keepdims=True)
    return tf.reduce_mean(mean * precision, axis=1, keepdims=True) / average, 1.0 / average


def divergences(mean: tf.Tensor, variance: tf.Tensor) -> tf.Tensor:
    """KL(q(z_i | x_1) || q(z_i | x_2)) of every latent of pairs, in nats.

    Args:
        mean: `[groups, 2, num_latents]`.
        variance: `[groups, 2, num_latents]`.

    Returns:
        `[groups, num_latents]`.
    """
    first, second = tf.unstack(variance, axis=1)
    distance = tf.square(mean[:, 0] - mean[:, 1]) / second
    return 0.5 * (first / second + distance - 1.0 - tf.math.log(first / second))


def shared_by_threshold(divergence: tf.Tensor) -> tf.Tensor:
    """The latents that a pair shares, by the adaptive threshold.

    A latent is shared where its divergence lies below the middle between the smallest and the
    largest of its pair (Locatello et al., "Weakly-supervised disentanglement without compromises",
    2020, section 5).

    Args:
        divergence: `[groups, num_latents]`.

    Returns:
        bool, `[groups, num_latents]`.
    """
    low = tf.reduce_min(divergence, axis=1, keepdims=True)
    high = tf.reduce_max(divergence, axis=1, keepdims=True)
    return divergence < 0.5 * (low + high)


def shared_by_labels(shared: tf.Tensor, num_latents: int) -> tf.Tensor:
    """The latents that a group shares, where it is known which factors it shares.

    Latent i represents factor i. Latents beyond the factors represent none, and are shared.

    Args:
        shared: which factors each group shares, bool `[groups, num_factors]`.
        num_latents: not fewer than there are factors.

    Returns:
        bool, `[groups, num_latents]`.
    """
    spare = num_latents - shared.shape[1]
    return tf.pad(shared, [[0, 0], [0, spare]], constant_values=True)


def combine(
    mean: tf.Tensor, variance: tf.Tensor, average: Gaussians, shared: tf.Tensor
) -> Gaussians:
    """The averages in the latents that are shared, each image's own elsewhere.

    Args:
        mean: `[groups, group_size, num_latents]`.
        variance: `[groups, group_size, num_latents]`.
        average: mean and variance of each group, `[groups, 1, num_latents]`.
        shared: bool, `[groups, num_latents]`.

    Returns:
        mean and variance, `[groups, group_size, num_latents]`.
    """
    shared = shared[:, None]
    return tf.where(shared, average[0], mean), tf.where(shared, average[1], variance)
