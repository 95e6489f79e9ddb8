"""Keras' convolutions, computed differently where TensorFlow is slow: in training on a CPU.

Variables, configuration and results are those of Keras' layers; only rounding differs. Other
devices use the plain operation, and so does everything where `training` is not true, so that
exported files hold nothing else.
"""

from typing import Any

import keras

from tfdis import onednn

# With more channels than this, oneDNN's own transposed convolution is as fast.
_FEW_CHANNELS = 4


@keras.saving.register_keras_serializable("tfdis")
class Conv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D`; with a 2x2 kernel and stride 2, training takes one matrix product."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """As Keras; `training` decides about the formulation alone."""
        height, width = inputs.shape[1:3]
        if not (
            training
            and self.kernel_size == self.strides == (2, 2)
            and _even(height)
            and _even(width)
            and _computes_with_onednn(self)
        ):
            return super().call(inputs)
        outputs = _product_2x2(inputs, self.kernel)
        if self.use_bias:
            outputs = keras.ops.add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)


@keras.saving.register_keras_serializable("tfdis")
class Conv2DTranspose(keras.layers.Conv2DTranspose):
    """`keras.layers.Conv2DTranspose`; to few channels, training takes a convolution to blocks.

    That is where the kernel is twice the stride, padded "same": see `_transposed`.
    """

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """As Keras; `training` decides about the formulation alone."""
        stride = self.strides[0]
        if not (
            training
            and stride % 2 == 0
            and self.strides == (stride, stride)
            and self.kernel_size == (2 * stride, 2 * stride)
            and self.padding == "same"
            and self.output_padding is None
            and self.filters <= _FEW_CHANNELS
            and None not in inputs.shape[1:3]
            and _computes_with_onednn(self)
        ):
            return super().call(inputs)
        outputs = _transposed(inputs, self.kernel, self.bias if self.use_bias else None, stride)
        return outputs if self.activation is None else self.activation(outputs)


def _computes_with_onednn(layer: keras.layers.Layer) -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return (
        layer.compute_dtype == "float32"
        and layer.data_format == "channels_last"
        and layer.dilation_rate == (1, 1)
        and getattr(layer, "groups", 1) == 1
        and all(device.device_type == "CPU" for device in tf.config.list_physical_devices())
        and onednn.is_on()
    )


def _even(size: int | None) -> bool:
    return size is not None and size % 2 == 0


def _product_2x2(images: Any, kernel: Any) -> Any:
    """A convolution 2x2 of stride 2 as one product; its gradients are two.

    Args:
        images: `[batch, height, width, channels]`, sides even.
        kernel: `[2, 2, channels, filters]`.

    Returns:
        `[batch, height / 2, width / 2, filters]`.
    """
    import tensorflow as tf

    (_, height, width, channels), filters = images.shape, kernel.shape[3]

    @tf.custom_gradient
    def convolve(images: tf.Tensor, kernel: tf.Tensor) -> tuple:
        blocks = tf.reshape(_blocks(images, 2), [-1, 4 * channels])
        matrix = tf.reshape(kernel, [4 * channels, filters])

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            rows = tf.reshape(upstream, [-1, filters])
            to_blocks = tf.matmul(rows, matrix, transpose_b=True)
            to_blocks = tf.reshape(to_blocks, [-1, height // 2, width // 2, 4 * channels])
            to_kernel = tf.matmul(blocks, rows, transpose_a=True)
            return _pixels(to_blocks, 2), tf.reshape(to_kernel, kernel.shape)

        outputs = tf.reshape(blocks @ matrix, [-1, height // 2, width // 2, filters])
        return outputs, gradient

    return convolve(images, tf.convert_to_tensor(kernel))


def _transposed(inputs: Any, kernel: Any, bias: Any, stride: int) -> Any:
    """A transposed convolution, padded "same", as a convolution 2x2 of stride 1.

    Row `stride * i + u - stride / 2` of the output gets row i of the input by row u of the kernel.
    So the block of `stride` rows that begins at `stride * i - stride / 2` gets row i by the first
    half of the kernel, and row i - 1 by the second: a kernel of two rows that gives a block as
    channels. Columns likewise. The gradients are those of the transposed convolution: they are
    plain convolutions, and fast. The bias is added to blocks, whose channels are many, and its
    gradient is summed over images first: TensorFlow is slow at both where channels are few.

    Args:
        inputs: `[batch, height, width, channels]`.
        kernel: `[2 * stride, 2 * stride, filters, channels]`.
        bias: `[filters]`, or None.
        stride: even.

    Returns:
        `[batch, stride * height, stride * width, filters]`.
    """
    import tensorflow as tf

    filters, channels = kernel.shape[2:]
    cut = slice(stride // 2, -(stride // 2))

    @tf.custom_gradient
    def convolve(inputs: tf.Tensor, kernel: tf.Tensor, *bias: tf.Tensor) -> tuple:
        halves = tf.reshape(kernel, [2, stride, 2, stride, filters, channels])
        halves = tf.transpose(halves, [0, 2, 5, 1, 3, 4])
        to_blocks = tf.reshape(halves, [2, 2, channels, stride**2 * filters])[::-1, ::-1]
        blocks = tf.nn.conv2d(inputs, to_blocks, 1, [[0, 0], [1, 1], [1, 1], [0, 0]])
        if bias:
            blocks = tf.nn.bias_add(blocks, tf.tile(bias[0], [stride**2]))

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
            to_inputs = tf.nn.conv2d(upstream, kernel, stride, "SAME")
            to_kernel = tf.raw_ops.Conv2DBackpropFilter(
                input=upstream,
                filter_sizes=kernel.shape,
                out_backprop=inputs,
                strides=[1, stride, stride, 1],
                padding="SAME",
            )
            to_bias = [tf.reduce_sum(tf.reduce_sum(upstream, 0), [0, 1]) for _ in bias]
            return to_inputs, to_kernel, *to_bias

        return _pixels(blocks, stride)[:, cut, cut], gradient

    variables = [kernel] if bias is None else [kernel, bias]
    return convolve(inputs, *map(tf.convert_to_tensor, variables))


def _blocks(images: Any, size: int) -> Any:
    """Blocks of `size` x `size` pixels as channels of one: `[batch, height, width, channels]`."""
    import tensorflow as tf

    _, height, width, channels = images.shape
    rows = tf.reshape(images, [-1, height // size, size, width // size, size * channels])
    rows = tf.transpose(rows, [0, 1, 3, 2, 4])
    return tf.reshape(rows, [-1, height // size, width // size, size**2 * channels])


def _pixels(blocks: Any, size: int) -> Any:
    """The inverse of `_blocks`; faster than TensorFlow's depth_to_space."""
    import tensorflow as tf

    _, height, width, channels = blocks.shape
    rows = tf.reshape(blocks, [-1, height, width, size, channels // size])
    rows = tf.transpose(rows, [0, 1, 3, 2, 4])
    return tf.reshape(rows, [-1, size * height, size * width, channels // size**2])
