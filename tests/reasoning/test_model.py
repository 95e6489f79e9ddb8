"""The model's scores and accuracy against the same networks applied by hand."""

import numpy as np
import tensorflow as tf
from scipy.special import log_softmax

from tfdis.data.sprites import Sprites
from tfdis.keys import step_key
from tfdis.reasoning.embeddings import FactorEmbedding
from tfdis.reasoning.feed import NUM_CONTEXT, NUM_PANELS, MatrixFeed
from tfdis.reasoning.matrices import MatrixRules, embed_values
from tfdis.reasoning.model import ReasoningModel
from tfdis.reasoning.panels import Panels
from tfdis.reasoning.wild_relation_network import WildRelationNetwork


def test_an_answer_is_scored_after_the_context_and_the_right_one_is_learnt():
    panels = Panels(Sprites(), (3, 3, 3, 4, 4))
    feed = MatrixFeed(panels, MatrixRules(panels.num_values, "hard", (0, 1, 0)))
    inputs = feed.batch((), tf.constant(0), step_key(0, 3), 8 * NUM_PANELS)
    embedding = FactorEmbedding(panels.num_values, False)
    model = ReasoningModel(embedding, WildRelationNetwork([8], [8]))
    outputs = model.forward(inputs, tf.constant(0), step_key(0, 0), training=False)

    codes = np.asarray(embed_values(inputs.factors, panels.num_values))
    codes = codes.reshape(8, NUM_PANELS, -1)
    context, answers = codes[:, :NUM_CONTEXT], codes[:, NUM_CONTEXT:]
    nodes = [[[*row, answer] for answer in its] for row, its in zip(context, answers)]
    scores = np.asarray(model.reasoning(np.array(nodes, np.float32)))
    np.testing.assert_allclose(outputs["scores"], scores, rtol=1e-5, atol=1e-6)

    right = np.asarray(inputs.labels).reshape(8, NUM_PANELS)[:, NUM_CONTEXT:].argmax(axis=1)
    value, report = model.terms[0].value_and_report(outputs)
    expected = -log_softmax(scores, axis=1)[np.arange(8), right].mean()
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    assert float(report["accuracy"]) == np.mean(scores.argmax(axis=1) == right)
