"""The optional parts of the installation, `pip install 'tfdis[NAME]'`."""

import importlib.util

from tfdis.errors import UserError

# The packages that each brings, by the name that is imported.
EXTRAS = {
    "hub": ("huggingface_hub",),
    "onnx": ("onnx", "tf2onnx", "onnxruntime"),
    "ray": ("ray",),
    "tensorboard": ("tensorboard",),
    "torch": ("torch",),
    "wandb": ("wandb",),
}


def require(extra: str, what: str) -> None:
    """Raises a UserError where a package of an extra is not installed.

    Args:
        extra: a name of `EXTRAS`.
        what: what needs it, the beginning of the sentence: "ONNX export".
    """
    missing = [name for name in EXTRAS[extra] if not _is_there(name)]
    if missing:
        verb = "which is" if len(missing) == 1 else "which are"
        raise UserError(
            f"{what} needs {', '.join(missing)}, {verb} not installed: pip install "
            f"'tfdis[{extra}]'."
        )


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ValueError:  # imported already, by hand and without a spec
        return True
