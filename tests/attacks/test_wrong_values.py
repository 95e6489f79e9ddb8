"""Wrong values of gin's parameters and of the commands' own arguments, and what is said."""

import re

import pytest
from attack import Attack

_WHOLE = "expected a whole number from 1 up"
_SEED = "expected a whole number from 0 to 2147483647"
_TRAINING = {
    "model.training_steps = 1.5": _WHOLE,
    "model.training_steps = -5": _WHOLE,
    "model.training_steps = 0": _WHOLE,
    "model.training_steps = '2'": _WHOLE,
    "model.training_steps = True": _WHOLE,
    "model.training_steps = None": _WHOLE,
    "model.training_steps = [2]": _WHOLE,
    "model.random_seed = -1": _SEED,
    "model.random_seed = 0.5": _SEED,
    "model.random_seed = 4294967296": _SEED,
    "model.random_seed = 'one'": _SEED,
    "model.batch_size = '16'": _WHOLE,
    "model.batch_size = True": _WHOLE,
    "model.batch_size = None": _WHOLE,
    "model.batch_size = 0": _WHOLE,
    "model.batch_size = 4.0": _WHOLE,
    "model.log_every = 0": _WHOLE,
    "model.log_every = -1": _WHOLE,
    "model.eval_steps = 0": _WHOLE,
    "model.eval_steps = None": _WHOLE,
    "model.steps_per_epoch = 0": _WHOLE,
    "model.checkpoint_seconds = -1": "expected a number from 0 up",
    "model.checkpoint_seconds = '60'": "expected a number from 0 up",
    "model.time_budget_hours = 0": "expected a number above 0 or None",
    "model.model = 'vae'": "expected an algorithm, such as @beta_tc_vae",
    "model.model = None": "expected an algorithm",
    "model.jit_compile = 'yes'": "expected True or False",
    "model.jit_compile = 1": "expected True or False",
    "model.mixed_precision = 'float16'": "expected 'mixed_float16', 'mixed_bfloat16' or None",
    "model.callbacks = 3": "expected a list of objects of the class Callback",
    "model.callbacks = 'visualization'": "expected a list of objects of the class Callback",
    "model.loggers = [1]": "expected a list of functions",
    "model.strategy = 'mirrored'": "expected an object of the class .* or None",
    "model.name = 3": "expected a string",
    "dataset.name = None": "expected a string",
    "dataset.name = 7": "expected a string",
    "encoder.num_latent = 0": _WHOLE,
    "encoder.num_latent = -3": _WHOLE,
    "encoder.num_latent = 2.0": _WHOLE,
    "encoder.num_latent = None": _WHOLE,
    "encoder.encoder_fn = 'conv_encoder'": "expected a function",
    "encoder.encoder_fn = 3": "expected a function",
    "decoder.decoder_fn = None": "expected a function",
    "vae.beta = -1.0": "expected a number from 0 up",
    "vae.beta = '4'": "expected a number from 0 up",
    "vae.beta = True": "expected a number from 0 up",
    "vae.beta = None": "expected a number from 0 up",
    "vae.beta = 1e999": "expected a finite number from 0 up",
    "vae.beta = [1.0]": "expected a number from 0 up",
    "reconstruction_loss.loss_fn = 'l2_loss'": "expected a function",
    "reconstruction_loss.activation = 'sigmoid'": "expected 'logits', 'tanh' or None",
    "vae_optimizer.optimizer_fn = 'Adam'": "expected a function",
    "AdamOptimizer.learning_rate = -0.1": "expected a number from 0 up, a schedule or a function",
    "AdamOptimizer.learning_rate = 'fast'": "expected a number from 0 up",
    "AdamOptimizer.beta1 = 1.5": "expected a number from 0 to 1",
    "AdamOptimizer.epsilon = None": "expected a number from 0 up",
    "split.held_out_images = 1.0": "expected a number from 0 and below 1",
    "split.part = 'test'": "expected 'train' or 'held_out'",
}
_MORE = {  # with what chooses the parameter's owner
    "fc_encoder.layer_sizes = 100": ("encoder.encoder_fn = @fc_encoder", "a list of whole numbers"),
    "fc_encoder.layer_sizes = [100, 0]": ("encoder.encoder_fn = @fc_encoder", "from 1 up"),
    "fc_encoder.layer_sizes = '100'": ("encoder.encoder_fn = @fc_encoder", "a list of whole"),
    "conv_encoder.width = 0": ("encoder.encoder_fn = @conv_encoder", "a number above 0"),
    "conv_encoder.width = 'half'": ("encoder.encoder_fn = @conv_encoder", "a number above 0"),
    "factor_vae.second_batch = 1": ("model.model = @factor_vae()", "True or False"),
    "dip_vae.dip_type = 'iii'": ("model.model = @dip_vae()", "expected 'i' or 'ii'"),
    "beta_tc_vae.estimator = 'exact'": ("model.model = @beta_tc_vae()", "'minibatch' or 'strat"),
    "loss_terms.terms = @kl()": ("model.model = @loss_terms()", "a list of objects of the class"),
    "mmd.num_draws = 0": ("vae.beta = @mmd()", "a whole number from 2 up"),
    "LinearSchedule.num_steps = 0": ("AdamOptimizer.learning_rate = @LinearSchedule()", _WHOLE),
    "Step.factor = -1": ("AdamOptimizer.learning_rate = @Step()", "a number from 0 up"),
    "image_folder.side = 0": ("dataset.name = 'image_folder'", "from 1 to 4096"),
    "image_folder.side = 'x'": ("dataset.name = 'image_folder'", "from 1 to 4096"),
    "image_folder.side = 1000000": ("dataset.name = 'image_folder'", "from 1 to 4096"),
    "image_folder.num_channels = 2": ("dataset.name = 'image_folder'", "expected 1 or 3"),
    "visualization.intervals = {'traversals': 0}": (
        "model.callbacks = [@visualization()]",
        "from strings to whole numbers from 1 up",
    ),
    "scores.metrics = 'mig'": ("model.callbacks = [@scores()]", "expected a list of strings"),
    "warm_start.part = 'head'": ("model.warm_start = @warm_start()", "'all', 'encoder' or 'dec"),
}
_NEEDED = {
    "factor_vae.second_batch = 1": ["factor_vae.gamma = 1.0"],
    "dip_vae.dip_type = 'iii'": ["dip_vae.lambda_od = 1.0", "dip_vae.lambda_d_factor = 1.0"],
    "beta_tc_vae.estimator = 'exact'": ["beta_tc_vae.beta = 2.0"],
    "mmd.num_draws = 0": ["mmd.weight = 1.0"],
    "LinearSchedule.num_steps = 0": ["LinearSchedule.initial = 0.1", "LinearSchedule.final = 0.1"],
    "Step.factor = -1": ["Step.initial = 0.1", "Step.num_steps = 3"],
    "image_folder.side = 0": ["image_folder.path = 'none'"],
    "image_folder.side = 'x'": ["image_folder.path = 'none'"],
    "image_folder.side = 1000000": ["image_folder.path = 'none'"],
    "image_folder.num_channels = 2": ["image_folder.path = 'none'"],
    "warm_start.part = 'head'": ["warm_start.model_dir = 'none'"],
}


def _train(*bindings, options=""):
    given = " ".join(f'--gin_bindings="{binding}"' for binding in bindings)
    escaped = given.replace("{", "{{").replace("}", "}}")
    return f"--gin_file={{small}} --model_dir={{here}}/model {escaped} {options}".strip()


def _says(binding, expected):
    name, value = binding.split(" = ")
    shown = "inf" if value == "1e999" else value
    shown = ".*" if "@" in value else re.escape(shown)
    return rf"{re.escape(name)} is {shown} \(bound with --gin_bindings\): .*{expected}"


ATTACKS = [
    Attack("train", _train(binding), _says(binding, expected))
    for binding, expected in _TRAINING.items()
]
ATTACKS += [
    Attack("train", _train(chosen, *_NEEDED.get(binding, []), binding), _says(binding, expected))
    for binding, (chosen, expected) in _MORE.items()
]


def _file(here):
    (here / "mine.gin").write_text('include "vae.gin"\n\nmodel.batch_size = "many"\n')


_NUMBERS = {
    "sweep --gin_file=studies/small.gin --workers": (["0", "-1", "1.5", "two", ""], "from 1 up"),
    "sweep --gin_file=studies/small.gin --max_failures": (["0", "no"], "from 1 up"),
    "sweep --gin_file=studies/small.gin --cores_per_model": (["0"], "from 1 up"),
    "sweep --gin_file=studies/small.gin --gpus_per_model": (["-1", "nan"], "a number from 0 up"),
    "reproduce --num_eval": (["0", "x"], "from 1 up"),
    "reproduce --model_num": (["-1", "1.0"], "a whole number from 0 up"),
    "export --model_dir={model} --opset": (["0", "new"], "from 1 up"),
    "data show sprites --seed": (["-1", "a"], "from 0 to 4294967295"),
    "compare study --by=x --score=mig --difference": (["-1", "0", "nan", "x"], "a number above 0"),
    "aicrowd train --hours": (["-1", "nan", "inf", "0"], "a number above 0"),
}
ATTACKS += [
    Attack(
        command.split()[0],
        f"{' '.join(command.split()[1:])}={value}",
        rf"'{value}' is not .*{says}",
    )
    for command, (values, says) in _NUMBERS.items()
    for value in values
]
_OUT = "--model_dir={model} --output_dir=out"
_STAGES = {
    ("visualize", "draw_all.num_images = 0"): _WHOLE,
    ("visualize", "draw_all.num_random = 100000"): "expected a whole number from 1 to 1000",
    ("visualize", "draw_all.kinds = 'kl'"): "expected a list of strings or None",
    ("visualize", "draw_all.traversal_spacing = 0"): "expected a number above 0",
    ("postprocess", "postprocess.random_seed = -1"): "expected a whole number from 0",
    ("postprocess", "postprocess.postprocess_fn = 'mean'"): "expected a function",
    ("evaluate --gin_file=metrics/mig.gin", "mig.num_train = 0"): _WHOLE,
    ("evaluate --gin_file=metrics/mig.gin", "evaluation.random_seed = -1"): "number from 0",
    ("evaluate --gin_file=metrics/mig.gin", "discretizer.num_bins = 1.5"): "whole number from",
}
ATTACKS += [
    Attack(
        command.split()[0],
        f'{" ".join([_OUT, *command.split()[1:]])} --gin_bindings="{binding}"',
        _says(binding, expected),
    )
    for (command, binding), expected in _STAGES.items()
]
ATTACKS += [
    Attack(
        "visualize",
        f"{_OUT} --gin_bindings='draw_all.traversal_spacing = 1e-9'",
        "expected at most 1,000 steps from one end to the other",
    ),
    Attack(
        "evaluate",
        f"{_OUT} --gin_file=metrics/mig.gin --gin_bindings='mig.num_train = 100000000000'",
        "100,000,000,000 points are asked for",
    ),
]
ATTACKS += [
    Attack("export", f"{_OUT} --opset={opset}", rf"export\.opset is {opset} .*from 14 to 18")
    for opset in (1, 99)
]
ATTACKS += [
    Attack("sweep", f"--gin_file=studies/small.gin --models={models}", "was not understood: write")
    for models in ("3-1", "-1", "0,", "x")
]
ATTACKS += [
    Attack(
        "train",
        "--gin_file=mine.gin --model_dir=m",
        r"batch_size is 'many' \(bound in .*mine\.gin, line 3\)",
        _file,
    ),
    Attack(
        "train", _train("vae.beta = @vae()"), r"circular: @vae is bound to a value that needs @vae"
    ),
    Attack("train", _train("ONE = %TWO", "TWO = %ONE", "vae.beta = %ONE"), r"circular: %"),
    Attack("train", _train("fc_encoder.layer_sizes = [3"), "a bracket or a quote is not closed"),
    Attack("train", _train("model.model = @vae"), r"model\.model is @vae.*parentheses"),
    Attack(
        "train",
        _train("beta_tc_vae.beta = 6.0", options="--strict"),
        r"Nothing uses beta_tc_vae\.beta: leave it out",
    ),
    Attack(
        "train",
        _train("fc_encoder.layer_sizes = [3]", "factor_vae.gamma = 1.0", options="--strict"),
        r"Nothing uses fc_encoder\.layer_sizes, factor_vae\.gamma: leave them out",
    ),
    Attack("train", _train(options="--import=no_module"), "--import=no_module: there is no module"),
    Attack("train", _train(options="--import=mine.py"), "write --import=mine"),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_attack(attack, refused):
    refused(attack)
