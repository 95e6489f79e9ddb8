"""disentanglement_lib in this process, on current TensorFlow, isolated from all other modules.

disentanglement_lib was written for TensorFlow 1.14, gin 0.2, numpy 1.16 and Pillow 6. Here its
modules are executed with an `import` of their own: they get TensorFlow's v1 interface, the names
that numpy and Pillow have dropped, and a second copy of gin with a registry of their own. Nothing
is added to `sys.modules`, TensorFlow or gin, and its gin names cannot collide with ours.

Code that needs `tensorflow.contrib` can be imported; calling it raises an error of one sentence.
"""

import builtins
import contextlib
import functools
import importlib
import importlib.util
import os
import shutil
import types
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfdis.errors import UserError

_OPTIONAL = ("seaborn", "tensorflow_hub")  # imported at the top of modules that hardly use them


class DisentanglementLib:
    """One copy of disentanglement_lib; several can live in one process.

    Attributes:
        gin: the copy of gin that its functions are registered in.

    Example:
        >>> dlib = disentanglement_lib()
        >>> mig = dlib.module("evaluation.metrics.mig")
        >>> with dlib.configured(
        ...     "discretizer.discretizer_fn = @histogram_discretizer", "discretizer.num_bins = 20"
        ... ):
        ...     mig.compute_mig(data, representation_function, random_state, num_train=1000)
    """

    def __init__(self, package: Path):
        self._package = package
        self._modules: dict[str, types.ModuleType] = _stand_ins(package)
        self._sources = {
            "disentanglement_lib": package,
            "gin": Path(importlib.util.find_spec("gin").origin).parent,
        }
        self._builtins = {**vars(builtins), "__import__": self._import, "int": _Int}
        self.gin = self._load("gin")
        _accept_old_spelling(self.gin)

    def module(self, name: str) -> types.ModuleType:
        """Imports one of its modules, such as `"evaluation.metrics.mig"`.

        Raises:
            UserError: this version of disentanglement_lib has no such module.
        """
        try:
            return self._load(f"disentanglement_lib.{name}")
        except ModuleNotFoundError as error:
            raise UserError(
                f"disentanglement_lib in {self._package} has no module '{name}' that imports "
                f"here: {error}."
            ) from error

    @contextlib.contextmanager
    def configured(self, *gin_bindings: str) -> Iterator[None]:
        """Binds parameters of its gin names for the time of a `with` block."""
        self.gin.parse_config(gin_bindings)
        try:
            yield
        finally:
            self.gin.clear_config()

    def _import(
        self,
        name: str,
        globals: dict | None = None,
        locals: dict | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> types.ModuleType:
        """The `__import__` of its modules, and of its copy of gin."""
        root = name.partition(".")[0]
        if level or not (root in self._sources or root in self._modules):
            try:
                return builtins.__import__(name, globals, locals, fromlist, level)
            except ModuleNotFoundError:
                if root not in _OPTIONAL:
                    raise
                return _Absent(root)
        module = self._load(name)
        if not fromlist:
            return self._load(root)
        for attribute in fromlist:
            if not hasattr(module, attribute):
                self._load(f"{name}.{attribute}")
        return module

    def _load(self, name: str) -> types.ModuleType:
        if name in self._modules:
            return self._modules[name]
        parent_name, _, last = name.rpartition(".")
        parent = self._load(parent_name) if parent_name else None
        if parent is not None and hasattr(parent, last):
            return getattr(parent, last)
        spec = self._spec(name)
        module = self._modules[name] = importlib.util.module_from_spec(spec)
        module.__dict__["__builtins__"] = self._builtins
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del self._modules[name]
            raise
        if parent is not None:
            setattr(parent, last, module)
        return module

    def _spec(self, name: str) -> importlib.machinery.ModuleSpec:
        root, *rest = name.split(".")
        if root not in self._sources:
            raise ModuleNotFoundError(f"no module named {name}", name=name)
        path = self._sources[root].joinpath(*rest)
        if (path / "__init__.py").is_file():
            return importlib.util.spec_from_file_location(
                name, path / "__init__.py", submodule_search_locations=[str(path)]
            )
        if path.with_suffix(".py").is_file():
            return importlib.util.spec_from_file_location(name, path.with_suffix(".py"))
        raise ModuleNotFoundError(f"no module named {name}", name=name)


@functools.cache
def disentanglement_lib(folder: str | os.PathLike | None = None) -> DisentanglementLib:
    """The installed disentanglement_lib, or the one in a folder; the same object every time.

    Args:
        folder: where `pip install --no-deps --target=folder disentanglement-lib==1.5` put it; None
            takes the installed one.

    Raises:
        UserError: it is not there.
    """
    if folder is not None:
        package = Path(folder) / "disentanglement_lib"
        if not (package / "__init__.py").is_file():
            raise UserError(f"{folder} does not hold disentanglement_lib: name where pip put it.")
        return DisentanglementLib(package)
    spec = importlib.util.find_spec("disentanglement_lib")
    if spec is None:
        raise UserError("disentanglement_lib is not installed: pip install disentanglement-lib.")
    return DisentanglementLib(Path(spec.origin).parent)


class _Absent(types.ModuleType):
    """A stand-in for a removed module: has every name, and raises an error when one is called."""

    def __getattr__(self, name: str) -> "_Absent":
        if name.startswith("__"):
            raise AttributeError(name)
        return _Absent(f"{self.__name__}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        raise UserError(
            f"{self.__name__} is not there: this part of disentanglement_lib cannot run here."
        )


class _Overlay(types.ModuleType):
    """A copy of a module with some names added; the module itself is not changed."""

    def __init__(self, module: str, **names: Any):
        super().__init__(module)
        self.__dict__.update(names)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


class _AnyInteger(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, int)


class _Int(int, metaclass=_AnyInteger):
    """`int` as in numpy 1, which accepted an array of one element."""

    def __new__(cls, value: Any = 0, *base: int) -> int:
        return int(value.item() if isinstance(value, np.ndarray) else value, *base)


def _stand_ins(package: Path) -> dict[str, types.ModuleType]:
    """The replacements that its modules get for modules of these names."""
    return {
        "tensorflow": _TensorFlow("tensorflow"),
        "numpy": _Overlay("numpy", float_=np.float64),
        "PIL": _Overlay("PIL", Image=_pillow_image()),
        "pkg_resources": _module(
            "pkg_resources",
            resource_filename=lambda _, path: str(package / path),
            resource_listdir=lambda _, path: sorted(
                item.name for item in (package / path).iterdir()
            ),
            resource_isdir=lambda _, path: (package / path).is_dir(),
        ),
        "distutils": _module(
            "distutils",
            dir_util=_module(
                "distutils.dir_util",
                copy_tree=functools.partial(shutil.copytree, dirs_exist_ok=True),
            ),
        ),
        "gin.tf": _module("gin.tf"),
        "gin.tf.external_configurables": _module("gin.tf.external_configurables"),
    }


class _TensorFlow(_Overlay):
    """TensorFlow's v1 interface; TensorFlow is imported when a name is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name == "contrib":
            return _Absent("tensorflow.contrib")
        if name == "compat":
            return _module("tensorflow.compat", v1=self)
        if name.startswith("__"):
            raise AttributeError(name)
        import tensorflow as tf

        return getattr(tf.compat.v1, name)


def _pillow_image() -> types.ModuleType:
    from PIL import Image

    def with_old_thumbnail(make: Callable) -> Callable:
        def made(*args: Any, **kwargs: Any) -> Image.Image:
            image = make(*args, **kwargs)
            thumbnail = image.thumbnail
            # Pillow 6 accepted a shape with channels as a size.
            image.thumbnail = lambda size, *more: thumbnail(tuple(size[:2]), *more)
            return image

        return made

    return _Overlay(
        "PIL.Image",
        ANTIALIAS=Image.Resampling.LANCZOS,
        fromarray=with_old_thumbnail(Image.fromarray),
        open=with_old_thumbnail(Image.open),
    )


def _module(name: str, **names: Any) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__dict__.update(names)
    return module


def _accept_old_spelling(gin: types.ModuleType) -> None:
    """Makes its copy of gin accept `whitelist=` and `blacklist=`, the spelling of gin 0.2."""
    spelling = {"whitelist": "allowlist", "blacklist": "denylist"}

    def respelled(function: Callable) -> Callable:
        def call(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **{spelling.get(key, key): kwargs[key] for key in kwargs})

        return call

    gin.configurable = respelled(gin.configurable)
    gin.external_configurable = respelled(gin.external_configurable)
