"""Makes commands start sooner: skips Keras' imports of optional packages."""

import sys
from collections.abc import Sequence
from types import ModuleType

# For data frames, for wrappers and for galleries; a third of the time of Keras' import.
_OPTIONAL = ("pandas", "sklearn", "matplotlib")


def leave_out_optional() -> None:
    """Makes Keras' import, if it is still to come, treat its optional packages as missing.

    For commands only: in the user's own process, Keras may need them. Afterwards the packages can
    be imported as usual.
    """
    if "keras" not in sys.modules:
        sys.meta_path.insert(0, _NotForKeras())


class _NotForKeras:
    """A finder of the import system that refuses the packages while Keras is being imported."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        """Raises for an optional package of Keras; leaves all else to the other finders."""
        if name in _OPTIONAL and any(
            map(_is_being_imported, ("keras", "keras._tf_keras.keras", "tf_keras"))
        ):
            raise ModuleNotFoundError(f"{name} is left out of Keras' import", name=name)


def _is_being_imported(name: str) -> bool:
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return getattr(spec, "_initializing", False)
