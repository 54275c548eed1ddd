"""What a converter hands over: films, split lists and facts of its dataset."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np

from mmcxr.datasets.films.film import MaskError, decode_mask
from mmcxr.datasets.tables.reported_counts import ReportedCounts

from .archives import ARCHIVE_ERRORS, Member


class Mask(Protocol):
    """Anything that can be pickled and drawn; its repr tells it from any other."""

    def draw(self, shape: tuple[int, int]) -> np.ndarray:
        """(H, W) uint8 of 0 and 1 for a film of this shape.

        Raises:
            ValueError: it cannot be drawn, or not on such a film; names the place.
        """


@dataclass(frozen=True)
class MaskFile:
    """A mask that the source holds as an image of 0 and 1, or 0 and 255."""

    file: Member

    def draw(self, shape: tuple[int, int]) -> np.ndarray:
        """See :class:`Mask`."""
        try:
            data = self.file.read()
        except ARCHIVE_ERRORS as error:
            raise MaskError(f'{self.file}: {error}') from error
        return decode_mask(data, str(self.file), shape)


@dataclass(frozen=True)
class ScaledMask:
    """A mask file of the same view as its film in another size."""

    file: Member

    def draw(self, shape: tuple[int, int]) -> np.ndarray:
        """See :class:`Mask`."""
        try:
            mask = decode_mask(self.file.read(), str(self.file))
        except ARCHIVE_ERRORS as error:
            raise MaskError(f'{self.file}: {error}') from error
        height, width = mask.shape
        if abs(height * shape[1] / (width * shape[0]) - 1) > 0.01:
            raise MaskError(
                f'{self.file}: the mask is {height}x{width} but its film is '
                f'{shape[0]}x{shape[1]}'
            )
        return cv2.resize(mask, shape[::-1], interpolation=cv2.INTER_NEAREST)


@dataclass(frozen=True)
class MaskUnion:
    """Masks that together are one."""

    masks: tuple[Mask, ...]

    def draw(self, shape: tuple[int, int]) -> np.ndarray:
        """See :class:`Mask`."""
        return np.maximum.reduce([mask.draw(shape) for mask in self.masks])


@dataclass(frozen=True)
class Film:
    """One row of the table to be, and where its files come from.

    Args:
        image: path under ``images/`` with the suffix of the source file; becomes
            .png where the film is decoded. Split lists use this name too.
        file: the film; None where the source lists one that is not there.
        cells: of the table, without ``image``, masks and boxes. What is absent stays
            empty, or is taken from the DICOM header (see ``header``).
        masks: masks by column of the table.
        boxes: [x, y, width, height, label] each, in pixels of the source film; None
            where nobody looked for any. They are cut at the edge of the film.
        frame: (height, width) that the boxes count in, where it may not be that of
            the film: the size of the official films, of which smaller copies go about.
        header: which of the cells ``view``, ``sex`` and ``age`` a DICOM header fills
            where ``cells`` has nothing in them.
        shown_by: label columns that are 1 where the mask of a column has a pixel and
            else 0, in which case no mask is written.
        translate: of (bytes of the file, its name) the bytes of an image file, where
            the source's is of no common format; raises ``UnreadableFilm``. A function
            of a module, so that it can be pickled.
        shared: further cells, in a dict that many films may share, which keeps the
            listing of a large dataset small.
    """

    image: str
    file: Member | None
    cells: Mapping[str, object] = field(default_factory=dict)
    masks: Mapping[str, Mask] = field(default_factory=dict)
    boxes: tuple[tuple, ...] | None = None
    frame: tuple[int, int] | None = None
    header: tuple[str, ...] = ()
    shown_by: Mapping[str, str] = field(default_factory=dict)
    translate: Callable[[bytes, str], bytes] | None = None
    shared: Mapping[str, object] = field(default_factory=dict)

    def known_cells(self) -> dict[str, object]:
        """Cells that need no file to be read."""
        return {'image': self.image, **self.cells, **self.shared}


@dataclass(frozen=True)
class Listing:
    """All that a source holds.

    Args:
        films: in the order of the table; each image once.
        splits: lists of (image, split) by scheme. An image may be in several splits.
        found: every film file of the source; those that no film names are faults.
        release: which of the releases in ``Converter.reported`` this is.
    """

    films: list[Film]
    splits: Mapping[str, list[tuple[str, str]]] = field(default_factory=dict)
    found: Iterable[Member] = ()
    release: str = ''


@dataclass(frozen=True)
class Converter:
    """A dataset that can be converted.

    Args:
        facts: ``METAINFO`` of its dataset class.
        read: of (source, tally, **options) the :class:`Listing`. It reads tables and
            looks for files; films it leaves alone. What it cannot use it notes in
            the tally, and raises ``TableError`` where nothing can be used.
        reported: numbers that sources report about it; see :func:`.verify.verify`.
        options: further arguments of ``read`` by name, each as keyword arguments of
            ``argparse.ArgumentParser.add_argument``; ``stage`` becomes ``--stage``.
    """

    facts: Mapping
    read: Callable[..., Listing]
    reported: tuple[ReportedCounts, ...] = ()
    options: Mapping[str, dict] = field(default_factory=dict)
