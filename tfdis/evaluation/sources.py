"""The source of the metrics' codes: each distinct image is encoded once, in large batches.

A metric draws factors as disentanglement_lib does, and the images are known before any is encoded.
Only codes are kept, so that no more than two batches of images are in memory at a time.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any

import numpy as np

from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.sampling import training_weights
from tfdis.errors import UserError
from tfdis.evaluation.draws import draws_by_factors_alone, grouped_factors
from tfdis.evaluation.representations import Representation, representation_of
from tfdis.metrics.source import Source

BATCH_SIZE = 1000
_LARGEST_INDEX = 1 << 28  # a table over more images would not fit in memory
_MOST_POINTS = 1 << 25
_PROBE = 4

Progress = Callable[[int, int], None]


class DataSource(Source):
    """Codes of a ground-truth data set.

    Args:
        data: ours, or any object that speaks disentanglement_lib's protocol.
        representation: see `Representation`.
        batch_size: how many images are encoded at a time.
        progress: called with the number of images encoded so far and in total.

    Attributes:
        noise: the source of a sampled representation's noise.
        log_likelihood: gives lower bounds of log p(x) in nats, `[batch]`, of images, a number of
            draws for each, and a seed; None where the model has no likelihood.
        training_weights: gives how often training drew each image, `[num_images]`; None where it
            drew all alike.
        num_encoded: how many images were encoded so far.
    """

    def __init__(
        self,
        data: Any,
        representation: Representation,
        batch_size: int = BATCH_SIZE,
        progress: Progress | None = None,
    ):
        self.data = data
        self.representation = representation
        self.batch_size = batch_size
        self.progress = progress or (lambda done, total: None)
        self.noise = np.random.default_rng(0)
        self.log_likelihood: Callable[[np.ndarray, int, int], np.ndarray] | None = None
        self.training_weights: Callable[[], np.ndarray | None] = partial(training_weights, data)
        self.num_encoded = 0
        self.factors_num_values = [int(size) for size in data.factors_num_values]
        names = getattr(data, "factor_names", None)
        self.factor_names = tuple(names or (f"factor_{i}" for i in range(data.num_factors)))
        self._repeatable: bool | None = None
        self._table = _Table(data.num_images) if _is_indexed(data) else None

    @property
    def num_factors(self) -> int:
        """The number of ground-truth factors."""
        return self.data.num_factors

    def begin(self, seed: int) -> None:
        """See `Source.begin`: a sampled representation's noise restarts."""
        self.noise = np.random.default_rng(seed)

    def points(
        self, num: int, random_state: np.random.RandomState, batch_size: int = 16
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `Source.points`."""
        request = self._request(num)
        sizes = [min(batch_size, num - start) for start in range(0, num, batch_size)]
        factors = [request.sample(size, random_state) for size in sizes]
        return request.codes(), np.concatenate(factors)

    def groups(
        self, num: int, size: int, random_state: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `Source.groups`."""
        fixed, codes = self._sets_sharing_a_factor(num, 1, size, random_state)
        return fixed, codes[:, 0]

    def pairs(
        self, num: int, size: int, random_state: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `Source.pairs`."""
        return self._sets_sharing_a_factor(num, 2, size, random_state)

    def sample_factors(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        """See `Source.sample_factors`."""
        return self.data.sample_factors(num, random_state)

    def codes_of(
        self, factors: list[np.ndarray], random_state: np.random.RandomState
    ) -> list[np.ndarray]:
        """See `Source.codes_of`."""
        request = self._request(sum(map(len, factors)))
        for rows in factors:
            request.add(rows, random_state)
        return np.split(request.codes(), np.cumsum([len(rows) for rows in factors])[:-1])

    def is_indexed(self) -> bool:
        """Whether an image is identified by its index and always has the same codes."""
        return self._table is not None and self._is_repeatable()

    def codes_at(self, indices: np.ndarray) -> np.ndarray:
        """The codes of the images of these indices; only where `is_indexed`."""
        return _IndexedRequest(self, self._table, [indices]).codes()

    def support(
        self, num_inside: int, num_outside: int, random_state: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """See `Source.support`."""
        weights = self.training_weights() if self.is_indexed() else None
        if weights is None:
            return super().support(num_inside, num_outside, random_state)
        cumulative = np.cumsum(weights, dtype=np.float64)
        draws = random_state.random_sample(num_inside) * cumulative[-1]
        inside = np.searchsorted(cumulative, draws, side="right")
        unseen = np.flatnonzero(weights == 0)
        places = random_state.randint(len(unseen) or len(weights), size=num_outside)
        outside = unseen[places] if len(unseen) else places
        return (
            self.codes_at(inside),
            self.data.factors(inside),
            self.codes_at(outside),
            self.data.factors(outside),
        )

    def log_likelihoods(
        self, num: int, num_samples: int, random_state: np.random.RandomState
    ) -> np.ndarray:
        """See `Source.log_likelihoods`."""
        if self.log_likelihood is None:
            return super().log_likelihoods(num, num_samples, random_state)
        bounds = []
        for start in range(0, num, self.batch_size):
            size = min(self.batch_size, num - start)
            images = self.data.sample_observations(size, random_state)
            seed = random_state.randint(2**31 - 1)
            bounds.append(self.log_likelihood(images, num_samples, seed))
            self.progress(start + size, num)
        return np.concatenate(bounds)

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Encodes one batch, `[batch, width]`.

        Raises:
            UserError: the representation does not give one finite row of numbers per image.
        """
        rows = np.asarray(self.representation.encode(images))
        if rows.ndim != 2 or len(rows) != len(images):
            raise UserError(
                f"The representation must give codes [batch, num_latents]; for {len(images)} "
                f"images it gave an array of shape {list(rows.shape)}."
            )
        if not np.isfinite(rows).all():
            raise UserError(
                "The representation gave codes that are not finite (NaN or infinite): "
                "nothing can be scored."
            )
        return rows

    def rows_of(self, indices: np.ndarray) -> Iterator[np.ndarray]:
        """Encodes the images of these indices, batch by batch; only where `is_indexed`."""

        def draw(batch: np.ndarray) -> np.ndarray:
            with drawing:
                return _floats(self.data.images(batch))

        drawing = Lock()
        if self.representation.repeatable:
            # Two halves of a batch at once keep every core busy; one batch leaves some idle.
            batches = _parts(indices, max(1, self.batch_size // 2))
            yield from _ahead(lambda batch: self.encode(draw(batch)), batches, 2)
        else:
            # A user's function may depend on the thread, as torch.no_grad does: it stays in ours.
            batches = _parts(indices, self.batch_size)
            yield from map(self.encode, _ahead(draw, batches, 1))

    def _sets_sharing_a_factor(
        self, num: int, num_sets: int, size: int, random_state: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        """One set of points shares a factor's value; in two sets, the points share it pairwise."""
        request = self._request(num * num_sets * size)
        if isinstance(request, _IndexedRequest) and draws_by_factors_alone(self.data):
            fixed, factors = grouped_factors(
                self.factors_num_values, num, num_sets, size, random_state
            )
            for factor in range(self.num_factors):
                _share(factors[..., factor], fixed == factor)
            request.add(factors.reshape(-1, self.num_factors), random_state)
        else:
            fixed = np.zeros(num, np.int64)
            for i in range(num):
                fixed[i] = random_state.randint(self.num_factors)
                sets = [self.data.sample_factors(size, random_state) for _ in range(num_sets)]
                factors = np.stack(sets)[None]
                _share(factors[..., fixed[i]], np.array([True]))
                for each in factors[0]:
                    request.add(each, random_state)
        return fixed, request.codes().reshape(num, num_sets, size, -1)

    def _request(self, num: int) -> "_IndexedRequest | _ImagesRequest":
        if num > _MOST_POINTS:
            raise UserError(
                f"{num:,} points are asked for, and {_MOST_POINTS:,} are the most that are kept in "
                "memory: bind the metric's num_train, num_test and batch_size to less."
            )
        if not self.is_indexed():
            return _ImagesRequest(self, num)
        return _IndexedRequest(self, self._table, [])

    def _is_repeatable(self) -> bool:
        """Whether an image gets the same row twice; it does not from a module that samples."""
        if self._repeatable is None:
            self._repeatable = self.representation.repeatable
        if self._repeatable is None:
            images = _floats(self.data.images(np.arange(min(_PROBE, self.data.num_images))))
            first, second = (self.representation.encode(images) for _ in range(2))
            self._repeatable = np.allclose(first, second, rtol=1e-3, atol=1e-4, equal_nan=True)
        return self._repeatable


def source_of(
    data: Any, representation: Any, batch_size: int = BATCH_SIZE, progress: Progress | None = None
) -> Source:
    """The codes of `data` under `representation`; one that is a source already stays as it is."""
    if isinstance(representation, Source):
        return representation
    return DataSource(data, representation_of(representation), batch_size, progress)


class _Table:
    """The rows of the images that were encoded so far, by index."""

    def __init__(self, num_images: int):
        self._place = np.full(num_images, -1, np.int32)
        self._rows: np.ndarray | None = None

    def missing(self, indices: np.ndarray) -> np.ndarray:
        """The indices that have no row yet, each once, sorted."""
        asked = np.zeros(len(self._place), bool)
        asked[indices] = True
        return np.flatnonzero(asked & (self._place < 0))

    def add(self, indices: np.ndarray, rows: np.ndarray) -> None:
        """Stores the rows of these indices."""
        known = 0 if self._rows is None else len(self._rows)
        self._place[indices] = np.arange(known, known + len(rows))
        self._rows = rows if self._rows is None else np.concatenate([self._rows, rows])

    def rows(self, indices: np.ndarray) -> np.ndarray:
        """The rows of these indices."""
        return self._rows[self._place[indices]]


class _IndexedRequest:
    """Images asked for by index: those already encoded are not encoded again."""

    def __init__(self, source: DataSource, table: _Table, indices: list[np.ndarray]):
        self._source = source
        self._table = table
        self._indices = indices

    def sample(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        factors = self._source.data.sample_factors(num, random_state)
        self.add(factors, random_state)
        return factors

    def add(self, factors: np.ndarray, random_state: np.random.RandomState) -> None:
        self._indices.append(self._source.data.index_of(factors, random_state))

    def codes(self) -> np.ndarray:
        source, table = self._source, self._table
        indices = np.concatenate(self._indices)
        missing = table.missing(indices)
        rows, done = [], 0
        for encoded in source.rows_of(missing):
            rows.append(encoded)
            done += len(encoded)
            source.num_encoded += len(encoded)
            source.progress(done, len(missing))
        if rows:
            table.add(missing, np.concatenate(rows))
        return source.representation.finish(table.rows(indices), source.noise)


def _parts(indices: np.ndarray, size: int) -> list[np.ndarray]:
    return [indices[start : start + size] for start in range(0, len(indices), size)]


def _ahead(
    function: Callable[[np.ndarray], np.ndarray], batches: Sequence[np.ndarray], num_threads: int
) -> Iterator[np.ndarray]:
    """What the function gives for each batch, in order, while threads work on the next ones."""
    pool, waiting = ThreadPoolExecutor(num_threads), deque()
    try:
        for batch in batches:
            waiting.append(pool.submit(function, batch))
            if len(waiting) > num_threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


class _ImagesRequest:
    """Images that are not a function of an index: encoded on request, in large batches."""

    def __init__(self, source: DataSource, num: int):
        self._source = source
        self._num = num
        self._images: list[np.ndarray] = []
        self._num_waiting = 0
        self._num_done = 0
        self._rows: np.ndarray | None = None

    def sample(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        data = self._source.data
        if isinstance(data, GroundTruthData):
            factors = data.sample_factors(num, random_state)
            self.add(factors, random_state)
        else:
            factors, images = data.sample(num, random_state)
            self._take(images)
        return factors

    def add(self, factors: np.ndarray, random_state: np.random.RandomState) -> None:
        data = self._source.data
        # Our data sets draw pixels image by image, so a request can be split into batches without
        # changing the draws. For other data sets that is not known.
        size = self._source.batch_size if isinstance(data, GroundTruthData) else len(factors)
        for start in range(0, len(factors), size):
            part = factors[start : start + size]
            self._take(data.sample_observations_from_factors(part, random_state))

    def codes(self) -> np.ndarray:
        self._encode(all_of_them=True)
        return self._source.representation.finish(self._rows, self._source.noise)

    def _take(self, images: np.ndarray) -> None:
        self._images.append(images)
        self._num_waiting += len(images)
        self._encode()

    def _encode(self, all_of_them: bool = False) -> None:
        size = self._source.batch_size
        if self._num_waiting < (1 if all_of_them else size):
            return
        images = np.concatenate(self._images)
        stop = len(images) if all_of_them else len(images) - len(images) % size
        for start in range(0, stop, size):
            rows = self._source.encode(images[start : min(start + size, stop)])
            if self._rows is None:
                self._rows = np.empty((self._num, rows.shape[1]), rows.dtype)
            self._rows[self._num_done : self._num_done + len(rows)] = rows
            self._num_done += len(rows)
            self._source.num_encoded += len(rows)
            self._source.progress(self._num_done, self._num)
        self._images = [images[stop:]]
        self._num_waiting = len(images) - stop


def _share(values: np.ndarray, groups: np.ndarray) -> None:
    """Makes a factor's values, `[num, num_sets, size]`, equal within each group.

    Where there is one set, all points get the value of its first; where there are two, those of the
    second get the first's, point by point.
    """
    if values.shape[1] == 1:
        values[groups] = values[groups, :, :1]
    else:
        values[groups] = values[groups, :1]


def _is_indexed(data: Any) -> bool:
    return isinstance(data, GroundTruthData) and data.indexed and data.num_images <= _LARGEST_INDEX


def _floats(images: np.ndarray) -> np.ndarray:
    return np.divide(images, 255, dtype=np.float32)  # in one pass
