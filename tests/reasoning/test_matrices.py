import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from tfdis.errors import UserError
from tfdis.evaluation.compat import disentanglement_lib
from tfdis.keys import step_key
from tfdis.reasoning.matrices import MatrixRules, embed_one_hot, embed_values

SIZES = (5, 6, 3, 3, 4, 4)
MIXED = (1 / 3, 1 / 3, 1 / 3)


@pytest.fixture(scope="module")
def pgm_utils(dlib15_path):
    return disentanglement_lib(dlib15_path).module("evaluation.abstract_reasoning.pgm_utils")


def _drawn(alternatives, num_relations=MIXED, num=600):
    matrices = MatrixRules(SIZES, alternatives, num_relations).draw(step_key(3, 5), num)
    return {
        name: np.asarray(getattr(matrices, name))
        for name in ("panels", "answers", "position", "related", "context")
    }


def _theirs(pgm_utils, alternatives, num_relations, num=400):
    random_state = np.random.RandomState(0)
    return [
        pgm_utils.PGM(random_state, num_relations, list(SIZES), alternatives) for _ in range(num)
    ]


def _design(pgm_utils, related):
    """disentanglement_lib's design whose active relations are these."""
    design = pgm_utils.PGMDesign(np.random.RandomState(0), 1, list(SIZES))
    kinds = [pgm_utils.ConstantRelation if on else pgm_utils.NonActiveRelation for on in related]
    design.relations = [kind(size) for kind, size in zip(kinds, SIZES)]
    return design


@pytest.mark.parametrize("alternatives", ["easy", "hard"])
def test_by_disentanglement_libs_rules_the_solution_alone_is_right(pgm_utils, alternatives):
    drawn = _drawn(alternatives)
    for panels, answers, position, related in zip(
        drawn["panels"], drawn["answers"], drawn["position"], drawn["related"]
    ):
        design = _design(pgm_utils, related)
        for place, answer in enumerate(answers):
            filled = panels.copy()
            filled[-1, -1] = answer
            assert design.is_consistent(filled) == (place == position)
    assert drawn["answers"].min() == 0
    assert np.all(drawn["answers"] < SIZES)
    assert set(drawn["position"]) == set(range(6))
    np.testing.assert_array_equal(drawn["context"], drawn["panels"].reshape(600, 9, 6)[:, :8])


def test_a_hard_answer_changes_one_related_factor():
    drawn = _drawn("hard")
    changed = drawn["answers"] != drawn["panels"][:, -1, -1][:, None]
    broken = np.sum(changed & drawn["related"][:, None], axis=-1)
    wrong = np.arange(6) != drawn["position"][:, None]
    np.testing.assert_array_equal(broken, wrong)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_number_of_relations(number):
    probabilities = np.eye(3)[number - 1]
    assert set(_drawn("easy", probabilities)["related"].sum(axis=1)) == {number}
    mixed = np.bincount(_drawn("easy", num=3000)["related"].sum(axis=1))
    assert scipy.stats.chisquare(mixed[1:]).pvalue > 1e-3


def _same_distribution(ours, theirs):
    """Whether two samples of categories come from one distribution, by a chi-squared test."""
    categories = np.unique(np.concatenate([ours, theirs]))
    table = [[np.sum(sample == c) for c in categories] for sample in (ours, theirs)]
    return scipy.stats.chi2_contingency(table).pvalue > 1e-3


def test_what_is_drawn_is_distributed_as_disentanglement_libs(pgm_utils):
    ours, theirs = _drawn("hard", (0, 1, 0), num=2000), _theirs(pgm_utils, "hard", 2)
    their_related = np.array([np.isin(np.arange(6), p.design.active_relations) for p in theirs])
    their_panels = np.array([p.matrix for p in theirs])
    their_wrong = np.array([p.other_solutions for p in theirs])
    wrong = ours["answers"][np.arange(6) != ours["position"][:, None]].reshape(2000, 5, 6)

    def code(related):
        return related @ (1 << np.arange(6))

    assert _same_distribution(code(ours["related"]), code(their_related))
    for factor in (0, 2):  # of five and of three values
        for related in (False, True):
            mine = ours["panels"][ours["related"][:, factor] == related][..., factor]
            other = their_panels[their_related[:, factor] == related][..., factor]
            for place in ((0, 0), (2, 1)):
                assert _same_distribution(mine[(slice(None), *place)], other[(slice(None), *place)])
            kinds = [
                np.array(
                    [[len(set(row)) for row in rows] @ np.array([16, 4, 1]) for rows in panels]
                )
                for panels in (mine, other)
            ]
            assert _same_distribution(*kinds)

    def changed_factor(solution, wrong, related):
        changed = (wrong != solution[:, None]) & related[:, None]
        return changed.argmax(axis=-1).ravel()

    assert _same_distribution(
        changed_factor(ours["panels"][:, -1, -1], wrong, ours["related"]),
        changed_factor(their_panels[:, -1, -1], their_wrong, their_related),
    )


def test_easy_answers_are_distributed_as_disentanglement_libs(pgm_utils):
    ours, theirs = _drawn("easy", (0, 1, 0), num=2000), _theirs(pgm_utils, "easy", 2)
    wrong = ours["answers"][np.arange(6) != ours["position"][:, None]].reshape(2000, 5, 6)
    their_wrong = np.array([p.other_solutions for p in theirs])
    their_solution = np.array([p.matrix[-1, -1] for p in theirs])
    kept = (wrong == ours["panels"][:, -1, -1][:, None]).sum(axis=-1).ravel()
    their_kept = (their_wrong == their_solution[:, None]).sum(axis=-1).ravel()
    assert _same_distribution(kept, their_kept)
    for factor in range(6):
        assert _same_distribution(wrong[..., factor].ravel(), their_wrong[..., factor].ravel())


def test_a_key_says_what_is_drawn_in_the_graph_too():
    rules = MatrixRules(SIZES, "hard", MIXED)
    eager, again = rules.draw(step_key(0, 1), 8), rules.draw(step_key(0, 2), 8)
    graph = tf.function(lambda: rules.draw(step_key(0, 1), 8).answers)()
    np.testing.assert_array_equal(eager.answers, graph)
    assert np.any(eager.answers != again.answers)


def test_embeddings_are_disentanglement_libs(dlib15_path):
    pgm_data = disentanglement_lib(dlib15_path).module("evaluation.abstract_reasoning.pgm_data")
    instance = pgm_data.PGMInstance(None, None, 0, None, None, SIZES)
    factors = _drawn("easy", num=4)["context"][0]
    np.testing.assert_allclose(
        embed_values(factors, SIZES), instance.range_embed_factors(factors), atol=1e-7
    )
    np.testing.assert_array_equal(
        embed_one_hot(factors, SIZES), instance.onehot_embed_factors(factors)
    )


@pytest.mark.parametrize(
    ("sizes", "told"), [((5, 2, 4), "3 to 10 values"), ((5, 5), "need as many factors")]
)
def test_factors_that_do_not_serve_are_told(sizes, told):
    with pytest.raises(UserError, match=told):
        MatrixRules(sizes, "easy", MIXED)
