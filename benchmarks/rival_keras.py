"""The training step as one writes it by hand in Keras, for benchmarks/training.py."""

import keras
import numpy as np
import tensorflow as tf


class PlainKeras(keras.Model):
    """beta-TC-VAE."""

    def __init__(self, encoder, decoder, beta):
        super().__init__()
        self.encoder, self.decoder, self.beta = encoder, decoder, beta

    def train_step(self, images):
        with tf.GradientTape() as tape:
            mean, log_variance = self.encoder(images, training=True)
            z = mean + tf.exp(log_variance / 2) * tf.random.normal(tf.shape(mean))
            logits = self.decoder(z, training=True)
            cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(images, logits)
            reconstruction = tf.reduce_mean(tf.reduce_sum(cross_entropy, axis=(1, 2, 3)))
            divergence = tf.square(mean) + tf.exp(log_variance) - log_variance - 1
            kl = tf.reduce_mean(0.5 * tf.reduce_sum(divergence, axis=1))
            difference = z[:, None] - mean[None]
            log_density = -0.5 * (
                difference**2 * tf.exp(-log_variance)[None]
                + log_variance[None]
                + np.log(2 * np.pi).astype(np.float32)
            )
            log_qz = tf.reduce_logsumexp(tf.reduce_sum(log_density, 2), 1)
            log_product = tf.reduce_sum(tf.reduce_logsumexp(log_density, 1), 1)
            loss = reconstruction + kl + (self.beta - 1) * tf.reduce_mean(log_qz - log_product)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}


def make_step(images, networks, batch, beta):
    """`fit` on images in memory, without tf.data's autotuning, which may stall at the end."""
    model = PlainKeras(*networks, beta)
    model.compile(keras.optimizers.Adam(1e-4), jit_compile=False, steps_per_execution=10)
    options = tf.data.Options()
    options.autotune.enabled = False
    table = tf.constant(images)
    batches = tf.data.Dataset.range(len(images) // batch).repeat()
    batches = batches.map(lambda i: table[i * batch : (i + 1) * batch])
    batches = batches.with_options(options)

    def step():
        model.fit(batches, steps_per_epoch=40, epochs=1, verbose=0, shuffle=False)
        return 40

    return step
