"""Pictures during a training and at its end."""

from collections.abc import Sequence

from tfdis.config import configurable
from tfdis.training.callbacks import Callback
from tfdis.training.loop import Trainer
from tfdis.training.run import Run
from tfdis.visualize.draw import draw_all


class Visualization(Callback):
    """Draws into visualizations/steps/<step>/ at every interval and visualizations/ at the end.

    Args:
        every: updates between pictures; 0: only at the end.
        kinds: which pictures, see `draw_all`; None: all.
    """

    def __init__(self, every: int = 0, kinds: Sequence[str] | None = None):
        super().__init__(every)
        self.kinds = kinds

    def begin(self, run: Run, step: int) -> None:
        """Keeps the run."""
        self._run = run

    def on_interval(self, trainer: Trainer, step: int) -> None:
        """Draws what the model does now."""
        self._draw(f"steps/{step:08d}", step)

    def end(self, run: Run, step: int) -> None:
        """Draws what was learnt, and prints which latent knows which factor."""
        information = self._draw("", step)
        if information:
            print(information)
        run.written.append(run.model_dir / "visualizations")

    def _draw(self, folder: str, step: int) -> str:
        run = self._run
        pictures = draw_all(
            run.trained,
            run.data,
            run.model_dir / "visualizations" / folder,
            progress_file=run.log.path,
            kinds=self.kinds,
        )
        for path in pictures.paths:
            if path.suffix in (".png", ".gif"):
                for logger in run.log.loggers:
                    logger.image(step, path.stem, path)
        return pictures.information


@configurable("visualization")
def visualization(every: int = 0, kinds: Sequence[str] | None = None) -> Visualization:
    """The gin name of `Visualization`; several in scopes of their own draw at their own interval.

    Example:
        model.callbacks = [@visualization(), @often/visualization()]
        often/visualization.every = 1000
        often/visualization.kinds = ["reconstructions"]
    """
    return Visualization(every, kinds)
