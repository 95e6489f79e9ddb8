"""Short names for the models of a study: the values in which they differ."""

from typing import Any

from tfdis.study.study import Study


class ModelNames:
    """Names the models of a study by the values that vary among them.

    Example:
        >>> ModelNames(study).of(12)
        '#12 factor_vae gamma=10.0 random_seed=0'
    """

    def __init__(self, study: Study):
        self._settings = study.settings
        names = dict.fromkeys(name for setting in study.settings for name in setting)
        varied = [
            name
            for name in names
            if len({repr(setting.get(name)) for setting in study.settings}) > 1
        ]
        # An algorithm has a name and a reference; one is enough.
        self._names = [n for n in varied if n != "model.model" or "model.name" not in varied]

    def of(self, model_num: int) -> str:
        """The name of one model."""
        setting = self._settings[model_num]
        values = [_short(name, setting[name]) for name in self._names if name in setting]
        return " ".join([f"#{model_num}", *values])


def _short(name: str, value: Any) -> str:
    return value.strip("@()") if isinstance(value, str) else f"{name.rpartition('.')[2]}={value}"
